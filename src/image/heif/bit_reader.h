// Reads bits of a byte string, the highest one of a byte first. The bytes are hostile: behind the
// end there are zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thumbmill::heif {

/// Reads from the front to the end. Reading or skipping past the end makes failed() true for good.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  bool failed() const { return at_ > bytes_.size() * 8; }

  /// `count` is 0 to 32.
  std::uint32_t bits(unsigned count);
  bool flag() { return bits(1) != 0; }
  void skip(std::size_t count) { at_ += count; }
  /// Skips to the end of a byte that is read in part. Returns the bits in between as a number.
  std::uint32_t align() { return bits(static_cast<unsigned>((8 - at_ % 8) % 8)); }
  /// The bytes behind the last one that was read, in part or whole.
  std::string_view rest() const;

  /// ue(v), ITU-T H.265 section 9.2.
  std::uint32_t exp_golomb();

 private:
  std::uint32_t bit();

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace thumbmill::heif
