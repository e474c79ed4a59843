// Takes samples of any width and format out of a packed row, as whole numbers that fill 8 or 16
// bits: a sample's largest value becomes 255 or 65535. Real ones count from 0 to 1, as ImageMagick
// and Photoshop have it; what is outside is cut off, and what is no number is 0. Those with a sign
// are moved, so that the smallest becomes 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/tiff/layout.h"

namespace thumbmill::tiff {

/// What becomes of a sample.
enum class Scale {
  bytes,    ///< std::uint8_t
  words,    ///< std::uint16_t
  numbers,  ///< std::uint16_t, the number itself, of up to 16 bits: an index
  bits,     ///< float, the number itself, or of a real sample its value: CIE L*a*b*
};

/// Immutable.
class SampleReader {
 public:
  /// `bits` and `format` as in a Layout; any `bits` with `format` real are those of a real type.
  SampleReader(int bits, SampleFormat format, Scale scale);

  /// Sample `first` of `row`, and each `step`th after it, `count` in all, to `out`, where they lie
  /// `out_step` samples apart.
  void read(const std::uint8_t* row, std::size_t first, std::size_t step, std::size_t count,
            void* out, std::size_t out_step) const {
    read_(*this, row, {first, step, count, out, out_step});
  }

 private:
  struct Span {
    std::size_t first, step, count;
    void* out;
    std::size_t out_step;
  };
  struct Readers;
  using Read = void (*)(const SampleReader&, const std::uint8_t* row, const Span& span);

  int bits_;
  std::uint64_t sign_ = 0;             // the bit to turn over
  std::vector<std::uint16_t> scaled_;  // of up to 12 bits, by number
  Read read_ = nullptr;
};

/// The values of 16- and 24-bit real samples (IEEE 754-2008 binary16; Adobe Photoshop TIFF
/// Technical Notes 3, Floating Point).
float real16(std::uint16_t bits);
float real24(std::uint32_t bits);

}  // namespace thumbmill::tiff
