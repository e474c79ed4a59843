// MemoryLimit: the last defence against a header that lies. It holds a decoder process to the
// memory that its image was admitted with, by a soft RLIMIT_AS, so that whatever a codec allocates
// beyond that fails and the image ends as too_large. It does not decide how much an image may have.
// Internal to sandbox/.
#pragma once

#include <cstdint>

namespace thumbmill {

/// What an image may map beyond what it was admitted with: estimates are of memory that is used,
/// and codecs map some that they do not use. Measured on the corpus: docs/sandbox.md.
inline constexpr std::uint64_t kMemorySlackBytes = 64ull << 20;

/// One thread at a time. Limits the calling process; does nothing in builds with a sanitizer, whose
/// shadow memory takes terabytes of address space.
class MemoryLimit {
 public:
  /// `statm` is the process's own /proc/self/statm, borrowed: it was opened before the process was
  /// confined.
  explicit MemoryLimit(int statm) : statm_(statm) {}

  /// An image begins, whose file has `source_bytes` and may be mapped. Nothing is admitted yet but
  /// kUnaskedBytes. `most_bytes` of address space are the limit whatever is admitted.
  void begin(std::uint64_t source_bytes, std::uint64_t most_bytes);

  /// `bytes` are admitted for this image, instead of what was before.
  void admit(std::uint64_t bytes);

 private:
  const int statm_;
  std::uint64_t base_bytes_ = 0;  // what was mapped when the image began, and its file
  std::uint64_t most_bytes_ = 0;
};

/// Lowers the soft limit of a resource to `most`, or raises it, within the hard limit that the
/// process was given at its birth and cannot raise. The parent has the wall clock and the checks of
/// the answer where that fails.
void set_soft_limit(int resource, std::uint64_t most);

}  // namespace thumbmill
