// The decoder of GIF's LZW codes (GIF89a appendix F): palette indices out of a frame's data
// sub-blocks, as many at a time as are wanted. Internal to image/gif.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thumbmill::gif {

/// One thread at a time.
class LzwDecoder {
 public:
  static constexpr unsigned kMostCodeBits = 12;

  /// `data` begins with the length of the first sub-block (GIF89a section 15), and outlives the
  /// decoder. `literal_bits` is the file's "minimum code size", 1 to 11.
  LzwDecoder(std::string_view data, unsigned literal_bits);

  /// Writes the next `count` indices, or fewer: then the data has ended, by its end code, its last
  /// sub-block, the end of the file, or a code that means nothing.
  std::size_t read(std::uint8_t* out, std::size_t count);

 private:
  static constexpr std::size_t kMostCodes = std::size_t{1} << kMostCodeBits;

  bool refill();
  bool next_code(unsigned& code);
  void clear();
  bool take(unsigned code);

  std::string_view data_;       // behind what was put into bits_
  std::size_t block_left_ = 0;  // bytes of the sub-block that are in data_
  std::uint32_t bits_ = 0;
  unsigned bit_count_ = 0;

  const unsigned literal_bits_;
  const unsigned clear_code_;
  unsigned code_bits_ = 0;
  unsigned next_ = 0;      // the code that the next entry gets
  unsigned previous_ = 0;  // the last code; kMostCodes after a clear
  bool ended_ = false;

  // An entry is the string of its prefix and one index more.
  std::array<std::uint16_t, kMostCodes> prefix_{};
  std::array<std::uint8_t, kMostCodes> last_{};
  std::array<std::uint8_t, kMostCodes> first_{};
  std::array<std::uint16_t, kMostCodes> length_{};

  // What the last code stands for and was not yet asked for: [string_at_, end) of string_.
  std::array<std::uint8_t, kMostCodes> string_{};
  std::size_t string_at_ = kMostCodes;
};

}  // namespace thumbmill::gif
