// OutputFile: the memory file that a decoder process writes an image's renditions into. It holds no
// more than the renditions that were asked for can need, so that a decoder that was taken over
// cannot fill the memory by it. Internal to sandbox/.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"
#include "model/rendition.h"

namespace thumbmill {

/// A rendition takes fewer bytes than its pixels do uncompressed, but for headers.
inline constexpr std::uint64_t kMaxHeaderBytes = 64 * 1024;
inline constexpr std::uint64_t kMaxBytesPerPixel = 4;

/// The most that renditions of these specs can take together, whatever the source; kOutputBytes at
/// most.
std::uint64_t most_output_bytes(const std::vector<RenditionSpec>& specs);

/// One thread at a time.
class OutputFile {
 public:
  /// An output for small renditions is used for one image after the other; a larger one for one.
  static constexpr std::uint64_t kKeptBytes = 1ull << 20;

  OutputFile() = default;

  /// Of `bytes`, or of kKeptBytes if that is more. Its size is sealed.
  static Result<OutputFile> create(std::uint64_t bytes);

  /// Whether renditions that take `bytes` fit, and little more does.
  bool fits(std::uint64_t bytes) const { return file_.valid() && bytes <= size_bytes_; }

  int fd() const { return file_.get(); }

  /// Takes the renditions of one image out before the next image's decoder sees it: our own decoder
  /// has written `written` bytes, from the beginning. Gone afterwards if it is not to be kept.
  void clear(std::uint64_t written);

 private:
  UniqueFd file_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace thumbmill
