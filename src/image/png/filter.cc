#include "image/png/filter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace thumbmill {
namespace {

using U8x8 = std::uint8_t __attribute__((vector_size(8)));
using U8x16 = std::uint8_t __attribute__((vector_size(16)));
using I16x8 = std::int16_t __attribute__((vector_size(16)));
using U32x2 = std::uint32_t __attribute__((vector_size(8)));
using U32x4 = std::uint32_t __attribute__((vector_size(16)));
using I64x2 = std::int64_t __attribute__((vector_size(16)));

constexpr std::size_t kWave = 4;  // rows that are unfiltered at once

template <typename T>
T load(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store(std::uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

// 9.4 picks of left, above and corner the one nearest to left + above - corner, in this order. With
// lo and hi the lesser and the greater of left and above, and t = 3 corner - (left + above): it is
// lo when t >= hi, hi when t <= lo, else corner. Fewer steps in sequence than by the distances,
// which counts, as each pixel's waits for the last one's. The test tries all 2^24 cases.
int predict(int left, int above, int corner) {
  const int lo = std::min(left, above);
  const int hi = std::max(left, above);
  const int t = 3 * corner - (left + above);
  if (t <= lo) return hi;
  return t >= hi ? lo : corner;
}

I16x8 predict(I16x8 left, I16x8 above, I16x8 corner) {
  const I16x8 lo = left < above ? left : above;
  const I16x8 hi = left < above ? above : left;
  const I16x8 t = (corner + corner + corner - above) - left;
  const I16x8 not_lo = t < hi;
  const I16x8 not_hi = t > lo;
  return hi ^ (not_hi & ((hi ^ lo) ^ (not_lo & (lo ^ corner))));
}

// Four bytes of each, widened. Little-endian machines only, which all are that this runs on.
static_assert(std::endian::native == std::endian::little);
I16x8 widen(std::uint32_t first, std::uint32_t second) {
  const auto bytes = reinterpret_cast<U8x16>(
      __builtin_shufflevector(U32x4{first, 0, 0, 0}, U32x4{second, 0, 0, 0}, 0, 4, 1, 5));
  return reinterpret_cast<I16x8>(__builtin_shufflevector(bytes, U8x16{}, 0, 16, 1, 17, 2, 18, 3, 19,
                                                         4, 20, 5, 21, 6, 22, 7, 23));
}

// Bytes wrap round, as the filters' sums do (9.2).
I16x8 add_bytes(I16x8 a, I16x8 b) {
  return reinterpret_cast<I16x8>(reinterpret_cast<U8x16>(a) + reinterpret_cast<U8x16>(b));
}

void unfilter_up(const std::uint8_t* from, const std::uint8_t* above, std::uint8_t* to,
                 std::size_t bytes) {
  // Up to 15 bytes too many go into the space behind the row; none are read behind `from`.
  std::size_t i = 0;
  for (; i + 16 <= bytes; i += 16) {
    store<U8x16>(to + i, load<U8x16>(from + i) + load<U8x16>(above + i));
  }
  for (; i < bytes; ++i) to[i] = static_cast<std::uint8_t>(from[i] + above[i]);
}

// `kPixel` bytes at `i` of each row, of which 4 or 8 are loaded and stored: what is too much of a
// store is overwritten by the next one, or lies in the space behind the row.
template <std::size_t kPixel>
using PixelWord =
    std::conditional_t<(kPixel > 4), U8x8, std::uint8_t __attribute__((vector_size(4)))>;

template <std::size_t kPixel>
void unfilter_sub(const std::uint8_t* from, std::uint8_t* to, std::size_t bytes) {
  PixelWord<kPixel> left{};
  for (std::size_t i = 0; i < bytes; i += kPixel) {
    left += load<PixelWord<kPixel>>(from + i);
    store(to + i, left);
  }
}

template <std::size_t kPixel>
void unfilter_average(const std::uint8_t* from, const std::uint8_t* above, std::uint8_t* to,
                      std::size_t bytes) {
  PixelWord<kPixel> left{};
  for (std::size_t i = 0; i < bytes; i += kPixel) {
    const auto up = load<PixelWord<kPixel>>(above + i);
    // The mean without a ninth bit.
    left = load<PixelWord<kPixel>>(from + i) + ((left & up) + ((left ^ up) >> 1));
    store(to + i, left);
  }
}

// Which of a pixel's neighbours a row's filter looks at, to be had from paeth() as well: it is left
// where above and corner are zero (Sub), above where left and corner are (Up), and zero where all
// are (None). Not so Average.
struct Neighbours {
  std::int16_t left = 0;
  std::int16_t above = 0;
  std::int16_t corner = 0;
};

Neighbours neighbours_of(std::uint8_t filter) {
  return {static_cast<std::int16_t>(filter == 1 || filter == 4 ? -1 : 0),
          static_cast<std::int16_t>(filter == 2 || filter == 4 ? -1 : 0),
          static_cast<std::int16_t>(filter == 4 ? -1 : 0)};
}

// Bytes [begin, end) of a row whose filter looks at the neighbours that the masks leave.
void unfilter_part(const std::uint8_t* from, const std::uint8_t* above, std::uint8_t* to,
                   std::size_t pixel, std::size_t begin, std::size_t end, Neighbours masks) {
  const std::uint8_t* left = to - pixel;
  const std::uint8_t* corner = above - pixel;
  for (std::size_t i = begin; i < end; ++i) {
    to[i] = static_cast<std::uint8_t>(
        from[i] + predict(left[i] & masks.left, above[i] & masks.above, corner[i] & masks.corner));
  }
}

template <std::size_t kPixel>
void unfilter_paeth(const std::uint8_t* from, const std::uint8_t* above, std::uint8_t* to,
                    std::size_t bytes) {
  if constexpr (kPixel <= 2) {
    unfilter_part(from, above, to, kPixel, 0, bytes, neighbours_of(4));
  } else {
    const auto pixel = [](const std::uint8_t* at) {
      return widen(load<std::uint32_t>(at), kPixel > 4 ? load<std::uint32_t>(at + 4) : 0);
    };
    I16x8 left{};
    I16x8 corner{};
    for (std::size_t i = 0; i < bytes; i += kPixel) {
      const I16x8 up = pixel(above + i);
      left = add_bytes(pixel(from + i), predict(left, up, corner));
      corner = up;
      const U8x8 packed = __builtin_convertvector(left, U8x8);
      std::memcpy(to + i, &packed, kPixel > 4 ? 8 : 4);
    }
  }
}

// Two rows' pixels, of up to four bytes, side by side.
I16x8 pair(const std::uint8_t* first, const std::uint8_t* second) {
  return widen(load<std::uint32_t>(first), load<std::uint32_t>(second));
}

void store_pair(I16x8 pixels, std::uint8_t* first, std::uint8_t* second) {
  const auto words = reinterpret_cast<U32x2>(__builtin_convertvector(pixels, U8x8));
  store<std::uint32_t>(first, words[0]);
  store<std::uint32_t>(second, words[1]);
}

// The low halves of both.
I16x8 lows(I16x8 a, I16x8 b) {
  return reinterpret_cast<I16x8>(
      __builtin_shufflevector(reinterpret_cast<I64x2>(a), reinterpret_cast<I64x2>(b), 0, 2));
}

// The high half of `a`, then the low half of `b`.
I16x8 across(I16x8 a, I16x8 b) {
  return reinterpret_cast<I16x8>(
      __builtin_shufflevector(reinterpret_cast<I64x2>(a), reinterpret_cast<I64x2>(b), 1, 2));
}

// For two rows side by side.
struct NeighbourMasks {
  NeighbourMasks(std::uint8_t first, std::uint8_t second) {
    const Neighbours a = neighbours_of(first);
    const Neighbours b = neighbours_of(second);
    left = spread(a.left, b.left);
    above = spread(a.above, b.above);
    corner = spread(a.corner, b.corner);
  }
  static I16x8 spread(std::int16_t a, std::int16_t b) { return I16x8{a, a, a, a, b, b, b, b}; }

  I16x8 left;
  I16x8 above;
  I16x8 corner;
};

template <bool kMixed>
I16x8 predict(I16x8 left, I16x8 above, I16x8 corner, const NeighbourMasks& masks) {
  if constexpr (!kMixed) return predict(left, above, corner);
  return predict(left & masks.left, above & masks.above, corner & masks.corner);
}

// kWave rows, `from_stride` and `to_stride` apart; the row above them is one stride in front of
// `to`. In step i, row k is at pixel i - k. All have the Paeth filter, or kMixed: any but Average.
template <std::size_t kPixel, bool kMixed>
void unfilter_wave(const std::uint8_t* from, std::size_t from_stride, std::uint8_t* to,
                   std::size_t to_stride, std::size_t bytes) {
  static_assert(kWave == 4 && kPixel <= 4);
  const auto in = [&](std::size_t row) { return from + row * from_stride; };
  const auto out = [&](std::size_t row) { return to + row * to_stride; };
  const std::uint8_t* top = to - to_stride;
  constexpr std::size_t kLead = (kWave - 1) * kPixel;
  const auto part = [&](std::size_t row, std::size_t begin, std::size_t end) {
    unfilter_part(in(row), out(row) - to_stride, out(row), kPixel, begin, end,
                  neighbours_of(in(row)[-1]));
  };
  if (bytes <= kLead) {
    for (std::size_t row = 0; row < kWave; ++row) part(row, 0, bytes);
    return;
  }
  for (std::size_t row = 0; row < kWave; ++row) part(row, 0, kLead - row * kPixel);
  // Left of row k's pixel i - k in these four rows, and above left of it.
  const auto behind = [&](std::size_t row) { return out(row) + kLead - (row + 1) * kPixel; };
  I16x8 left01 = pair(behind(0), behind(1));
  I16x8 left23 = pair(behind(2), behind(3));
  I16x8 corner01 = pair(top + kLead - kPixel, behind(0) - kPixel);
  I16x8 corner23 = pair(behind(1) - kPixel, behind(2) - kPixel);
  const NeighbourMasks masks01(in(0)[-1], in(1)[-1]);
  const NeighbourMasks masks23(in(2)[-1], in(3)[-1]);
  const std::uint8_t* in0 = in(0);
  const std::uint8_t* in1 = in(1) - kPixel;
  const std::uint8_t* in2 = in(2) - 2 * kPixel;
  const std::uint8_t* in3 = in(3) - 3 * kPixel;
  std::uint8_t* out0 = out(0);
  std::uint8_t* out1 = out(1) - kPixel;
  std::uint8_t* out2 = out(2) - 2 * kPixel;
  std::uint8_t* out3 = out(3) - 3 * kPixel;
  for (std::size_t i = kLead; i < bytes; i += kPixel) {
    const I16x8 up01 = lows(widen(load<std::uint32_t>(top + i), 0), left01);
    const I16x8 up23 = across(left01, left23);
    left01 = add_bytes(pair(in0 + i, in1 + i), predict<kMixed>(left01, up01, corner01, masks01));
    left23 = add_bytes(pair(in2 + i, in3 + i), predict<kMixed>(left23, up23, corner23, masks23));
    corner01 = up01;
    corner23 = up23;
    store_pair(left01, out0 + i, out1 + i);
    store_pair(left23, out2 + i, out3 + i);
  }
  for (std::size_t row = 1; row < kWave; ++row) part(row, bytes - row * kPixel, bytes);
}

template <std::size_t kPixel>
bool unfilter_row(const std::uint8_t* from, const std::uint8_t* above, std::uint8_t* to,
                  std::size_t bytes) {
  switch (*from++) {
    case 0:
      std::memcpy(to, from, bytes);
      return true;
    case 1:
      unfilter_sub<kPixel>(from, to, bytes);
      return true;
    case 2:
      unfilter_up(from, above, to, bytes);
      return true;
    case 3:
      unfilter_average<kPixel>(from, above, to, bytes);
      return true;
    case 4:
      unfilter_paeth<kPixel>(from, above, to, bytes);
      return true;
    default:
      return false;
  }
}

// `to` is one stride behind the row above the first. Gives the number of rows up to one with an
// unknown filter.
template <std::size_t kPixel>
std::size_t unfilter_rows(const std::uint8_t* from, std::size_t rows, std::uint8_t* to,
                          std::size_t to_stride, std::size_t bytes) {
  const std::size_t from_stride = bytes + 1;
  std::size_t done = 0;
  while (done < rows) {
    if constexpr (kPixel <= 4) {
      // A single Paeth row takes as long as four, and the other filters next to nothing.
      const auto count = [&](std::uint8_t filter) {
        std::size_t found = 0;
        for (std::size_t row = 0; row < kWave; ++row) found += from[row * from_stride] == filter;
        return found;
      };
      const std::size_t paeth_rows = rows - done >= kWave ? count(4) : 0;
      const bool wave = paeth_rows > 0 && paeth_rows + count(0) + count(1) + count(2) == kWave;
      if (wave) {
        if (paeth_rows == kWave) {
          unfilter_wave<kPixel, false>(from + 1, from_stride, to, to_stride, bytes);
        } else {
          unfilter_wave<kPixel, true>(from + 1, from_stride, to, to_stride, bytes);
        }
        from += kWave * from_stride;
        to += kWave * to_stride;
        done += kWave;
        continue;
      }
    }
    if (!unfilter_row<kPixel>(from, to - to_stride, to, bytes)) return done;
    from += from_stride;
    to += to_stride;
    ++done;
  }
  return done;
}

}  // namespace

std::uint8_t paeth(std::uint8_t left, std::uint8_t above, std::uint8_t corner) {
  return static_cast<std::uint8_t>(predict(left, above, corner));
}

PngUnfilter::PngUnfilter(std::size_t row_bytes, std::size_t pixel_bytes, std::size_t most_rows)
    : row_bytes_(row_bytes),
      pixel_bytes_(pixel_bytes),
      stride_((kFront + row_bytes + kBehind + 15) / 16 * 16),
      buffer_((most_rows + 1) * stride_) {}

std::size_t PngUnfilter::run(const std::uint8_t* filtered, std::size_t rows) {
  if (last_ != 0) std::memcpy(slot(0), slot(last_), row_bytes_);
  last_ = rows;
  switch (pixel_bytes_) {
    case 1:
      return unfilter_rows<1>(filtered, rows, slot(1), stride_, row_bytes_);
    case 2:
      return unfilter_rows<2>(filtered, rows, slot(1), stride_, row_bytes_);
    case 3:
      return unfilter_rows<3>(filtered, rows, slot(1), stride_, row_bytes_);
    case 4:
      return unfilter_rows<4>(filtered, rows, slot(1), stride_, row_bytes_);
    case 6:
      return unfilter_rows<6>(filtered, rows, slot(1), stride_, row_bytes_);
    case 8:
      return unfilter_rows<8>(filtered, rows, slot(1), stride_, row_bytes_);
    default:
      return 0;
  }
}

}  // namespace thumbmill
