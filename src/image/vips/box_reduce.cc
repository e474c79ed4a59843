#include "image/vips/box_reduce.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace thumbmill {
namespace {

using U8x16 = std::uint8_t __attribute__((vector_size(16)));
using U16x8 = std::uint16_t __attribute__((vector_size(16)));
using U64x2 = std::uint64_t __attribute__((vector_size(16)));
using U32x4 = std::uint32_t __attribute__((vector_size(16)));

template <typename T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// The lower and the upper half, each value with zeros above it: widened, on little-endian machines,
// which all are that this runs on.
static_assert(std::endian::native == std::endian::little);

U16x8 widen_low(U8x16 v) {
  return reinterpret_cast<U16x8>(
      __builtin_shufflevector(v, U8x16{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}

U16x8 widen_high(U8x16 v) {
  return reinterpret_cast<U16x8>(__builtin_shufflevector(v, U8x16{}, 8, 24, 9, 25, 10, 26, 11, 27,
                                                         12, 28, 13, 29, 14, 30, 15, 31));
}

U32x4 widen_low(U16x8 v) {
  return reinterpret_cast<U32x4>(__builtin_shufflevector(v, U16x8{}, 0, 8, 1, 9, 2, 10, 3, 11));
}

U32x4 widen_high(U16x8 v) {
  return reinterpret_cast<U32x4>(__builtin_shufflevector(v, U16x8{}, 4, 12, 5, 13, 6, 14, 7, 15));
}

// What every reducer has: the grids, the result, and where in them the next row belongs.
template <typename Sample, std::size_t kChannels>
class Reducer : public BoxReducer {
 public:
  Reducer(std::size_t width_px, std::size_t height_px, std::size_t side)
      : across_(width_px, side), down_(height_px, side) {
    out_.resize(across_.count() * down_.count() * kChannels);
  }

  void add(const void* samples) final {
    accumulate(static_cast<const Sample*>(samples));
    if (++row_ == down_.end(box_row_)) {
      finish(row_ - down_.begin(box_row_), out_.data() + box_row_ * across_.count() * kChannels);
      ++box_row_;
    }
  }

  ReducedPixels take() final {
    ReducedPixels reduced{across_.count(), down_.count(), kChannels, sizeof(Sample) == 2, {}};
    reduced.bytes.resize(out_.size() * sizeof(Sample));
    std::memcpy(reduced.bytes.data(), out_.data(), reduced.bytes.size());
    return reduced;
  }

 protected:
  virtual void accumulate(const Sample* samples) = 0;
  // Writes a row of boxes of `rows` rows, and begins the next one.
  virtual void finish(std::size_t rows, Sample* out) = 0;

  const BoxGrid across_;
  const BoxGrid down_;

 private:
  std::size_t row_ = 0;
  std::size_t box_row_ = 0;
  std::vector<Sample> out_;
};

// Division by the number of a box's pixels, rounded to the nearest, halves up. Multiplying by an
// inverse is exact here: it is too great by at most 2^-52, sums are below 2^32 + 2^15 and divisors
// below 2^16, and the product of all three is below 1.
class Divide {
 public:
  explicit Divide(std::size_t divisor) : half_(divisor / 2), multiplier_(kOne / divisor + 1) {}
  std::uint64_t operator()(std::uint64_t sum) const {
    return static_cast<std::uint64_t>(static_cast<Wide>(sum + half_) * multiplier_ >> kBits);
  }

 private:
  __extension__ typedef unsigned __int128 Wide;
  static constexpr unsigned kBits = 52;
  static constexpr std::uint64_t kOne = std::uint64_t{1} << kBits;
  std::uint64_t half_;
  std::uint64_t multiplier_;
};

// Without alpha: columns are summed up first, which takes whole vectors, and boxes out of columns
// once for all their rows.
template <typename Sample, std::size_t kChannels>
class OpaqueReducer final : public Reducer<Sample, kChannels> {
 public:
  OpaqueReducer(std::size_t width_px, std::size_t height_px, std::size_t side)
      : Reducer<Sample, kChannels>(width_px, height_px, side),
        // Rounded up to vectors, and one more: what is beyond the row is added up and never used.
        columns_((width_px * kChannels + 16) / 16 * 16) {}

 private:
  using Sum = std::conditional_t<sizeof(Sample) == 1, std::uint16_t, std::uint32_t>;

  void accumulate(const Sample* samples) override {
    if constexpr (sizeof(Sample) == 1) {
      for (std::size_t i = 0; i < this->across_.pixels() * kChannels; i += 16) {
        const auto bytes = load<U8x16>(samples + i);
        const U16x8 low = load<U16x8>(columns_.data() + i) + widen_low(bytes);
        const U16x8 high = load<U16x8>(columns_.data() + i + 8) + widen_high(bytes);
        std::memcpy(columns_.data() + i, &low, sizeof low);
        std::memcpy(columns_.data() + i + 8, &high, sizeof high);
      }
    } else {
      const std::size_t count = this->across_.pixels() * kChannels;
      for (std::size_t i = 0; i < count; ++i) columns_[i] += samples[i];
    }
  }

  void finish(std::size_t rows, Sample* out) override {
    const BoxGrid& grid = this->across_;
    const Divide whole(grid.side() * rows);
    const Sum* column = columns_.data();
    for (std::size_t box = 0; box < grid.count(); ++box, out += kChannels) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      const Divide divide = width == grid.side() ? whole : Divide(width * rows);
      if constexpr (kChannels == 1) {
        std::uint32_t sum = 0;
        for (const Sum* end = column + width; column < end; ++column) sum += *column;
        out[0] = static_cast<Sample>(divide(sum));
      } else {
        const U32x4 sums = sum_of_threes(column, width);
        column += 3 * width;
        for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<Sample>(divide(sums[c]));
      }
    }
    std::fill(columns_.begin(), columns_.end(), Sum{0});
  }

  // Three sums; the fourth is what lies between. Reads one column too many.
  static U32x4 sum_of_threes(const Sum* column, std::size_t width) {
    U32x4 sums{};
    for (std::size_t x = 0; x < width; ++x, column += 3) {
      if constexpr (sizeof(Sample) == 1) {
        sums += widen_low(reinterpret_cast<U16x8>(U64x2{load<std::uint64_t>(column), 0}));
      } else {
        sums += load<U32x4>(column);
      }
    }
    return sums;
  }

  std::vector<Sum> columns_;
};

// With alpha, the last channel: sums of alpha and of colours times alpha, a box at a time.
template <typename Sample, std::size_t kChannels>
class AlphaReducer final : public Reducer<Sample, kChannels> {
 public:
  AlphaReducer(std::size_t width_px, std::size_t height_px, std::size_t side)
      : Reducer<Sample, kChannels>(width_px, height_px, side),
        sums_(this->across_.count() * kChannels) {}

 private:
  using Sum = std::conditional_t<sizeof(Sample) == 1, std::uint32_t, std::uint64_t>;

  void accumulate(const Sample* samples) override {
    const BoxGrid& grid = this->across_;
    Sum* sums = sums_.data();
    for (std::size_t box = 0; box < grid.count(); ++box, sums += kChannels) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      if constexpr (sizeof(Sample) == 1 && kChannels == 4) {
        add_four(samples, width, sums);
      } else {
        for (std::size_t x = 0; x < width; ++x) {
          const Sample* pixel = samples + x * kChannels;
          const Sum alpha = pixel[kChannels - 1];
          for (std::size_t c = 0; c + 1 < kChannels; ++c) sums[c] += pixel[c] * alpha;
          sums[kChannels - 1] += alpha;
        }
      }
      samples += width * kChannels;
    }
  }

  // Two pixels at once. Products of bytes fit 16 bits, and alpha itself is multiplied by 1.
  static void add_four(const Sample* samples, std::size_t width, Sum* sums) {
    constexpr std::uint64_t kBothAlphas = 0xff000000ff000000;
    constexpr U16x8 kColors{0xffff, 0xffff, 0xffff, 0, 0xffff, 0xffff, 0xffff, 0};
    constexpr U16x8 kOnes{0, 0, 0, 1, 0, 0, 0, 1};
    auto total = load<U32x4>(sums);
    for (std::size_t x = 0; x < width; x += 2) {
      const Sample* pixels = samples + x * 4;
      const std::uint64_t both =
          x + 1 < width ? load<std::uint64_t>(pixels) : load<std::uint32_t>(pixels);
      if ((both & kBothAlphas) == 0) continue;  // large areas are clear, as a rule
      const U16x8 values = widen_low(reinterpret_cast<U8x16>(U64x2{both, 0}));
      const U16x8 alphas = __builtin_shufflevector(values, values, 3, 3, 3, 3, 7, 7, 7, 7);
      const U16x8 weighted = ((values & kColors) | kOnes) * alphas;
      total += widen_low(weighted) + widen_high(weighted);
    }
    std::memcpy(sums, &total, sizeof total);
  }

  void finish(std::size_t rows, Sample* out) override {
    const BoxGrid& grid = this->across_;
    const Divide whole(grid.side() * rows);
    const Sum* sums = sums_.data();
    for (std::size_t box = 0; box < grid.count(); ++box, out += kChannels, sums += kChannels) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      const Divide divide = width == grid.side() ? whole : Divide(width * rows);
      const Sum alpha = sums[kChannels - 1];
      out[kChannels - 1] = static_cast<Sample>(divide(alpha));
      if (alpha == 0) continue;  // the colours stay zero
      if constexpr (sizeof(Sample) == 1) {
        // Exact: a quotient that is not a tie is 1 / (2 alpha) > 3e-8 or more away from one.
        const double inverse = 1.0 / alpha;
        for (std::size_t c = 0; c + 1 < kChannels; ++c) {
          out[c] = static_cast<Sample>(static_cast<std::int32_t>(sums[c] * inverse + 0.5 + 1e-8));
        }
      } else {
        for (std::size_t c = 0; c + 1 < kChannels; ++c) {
          out[c] = static_cast<Sample>((sums[c] + alpha / 2) / alpha);
        }
      }
    }
    std::fill(sums_.begin(), sums_.end(), Sum{0});
  }

  std::vector<Sum> sums_;
};

template <typename Sample>
std::unique_ptr<BoxReducer> make(std::size_t width_px, std::size_t height_px, std::size_t channels,
                                 bool has_alpha, std::size_t side) {
  if (has_alpha && channels == 2) {
    return std::make_unique<AlphaReducer<Sample, 2>>(width_px, height_px, side);
  }
  if (has_alpha) return std::make_unique<AlphaReducer<Sample, 4>>(width_px, height_px, side);
  if (channels == 1) {
    return std::make_unique<OpaqueReducer<Sample, 1>>(width_px, height_px, side);
  }
  return std::make_unique<OpaqueReducer<Sample, 3>>(width_px, height_px, side);
}

}  // namespace

std::unique_ptr<BoxReducer> make_box_reducer(std::size_t width_px, std::size_t height_px,
                                             std::size_t channels, bool has_alpha, bool wide,
                                             std::size_t side) {
  return wide ? make<std::uint16_t>(width_px, height_px, channels, has_alpha, side)
              : make<std::uint8_t>(width_px, height_px, channels, has_alpha, side);
}

}  // namespace thumbmill
