#include "image/vips/box_reduce.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace thumbmill {
namespace {

using U8x8 = std::uint8_t __attribute__((vector_size(8)));
using U16x8 = std::uint16_t __attribute__((vector_size(16)));
using U32x4 = std::uint32_t __attribute__((vector_size(16)));
using U16x4 = std::uint16_t __attribute__((vector_size(8)));

// What every reducer has: the grids, the result, and where in them the next row belongs.
template <typename Sample, std::size_t kChannels>
class Reducer : public BoxReducer {
 public:
  Reducer(std::size_t width_px, std::size_t height_px, std::size_t side)
      : across_{width_px, side}, down_{height_px, side} {
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
        // Rounded up to vectors; what is beyond the row is added up and never used.
        columns_((width_px * kChannels + 7) / 8 * 8) {}

 private:
  using Sum = std::conditional_t<sizeof(Sample) == 1, std::uint16_t, std::uint32_t>;

  void accumulate(const Sample* samples) override {
    if constexpr (sizeof(Sample) == 1) {
      for (std::size_t i = 0; i < columns_.size(); i += 8) {
        U8x8 bytes;
        U16x8 sums;
        std::memcpy(&bytes, samples + i, sizeof bytes);
        std::memcpy(&sums, columns_.data() + i, sizeof sums);
        sums += __builtin_convertvector(bytes, U16x8);
        std::memcpy(columns_.data() + i, &sums, sizeof sums);
      }
    } else {
      const std::size_t count = this->across_.pixels * kChannels;
      for (std::size_t i = 0; i < count; ++i) columns_[i] += samples[i];
    }
  }

  void finish(std::size_t rows, Sample* out) override {
    const BoxGrid& grid = this->across_;
    const Divide whole(grid.side * rows);
    const Sum* column = columns_.data();
    for (std::size_t box = 0; box < grid.count(); ++box, out += kChannels) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      std::uint32_t sums[kChannels] = {};
      for (std::size_t x = 0; x < width; ++x) {
        for (std::size_t c = 0; c < kChannels; ++c) sums[c] += *column++;
      }
      const Divide divide = width == grid.side ? whole : Divide(width * rows);
      for (std::size_t c = 0; c < kChannels; ++c) out[c] = static_cast<Sample>(divide(sums[c]));
    }
    std::fill(columns_.begin(), columns_.end(), Sum{0});
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

  static void add_four(const Sample* samples, std::size_t width, Sum* sums) {
    U32x4 total;
    std::memcpy(&total, sums, sizeof total);
    for (std::size_t x = 0; x < width; ++x) {
      const Sample* pixel = samples + x * 4;
      const std::uint32_t alpha = pixel[3];
      if (alpha == 0) continue;  // large areas are clear, as a rule
      const U32x4 values{pixel[0], pixel[1], pixel[2], 1};
      total += values * alpha;
    }
    std::memcpy(sums, &total, sizeof total);
  }

  void finish(std::size_t rows, Sample* out) override {
    const BoxGrid& grid = this->across_;
    const Divide whole(grid.side * rows);
    const Sum* sums = sums_.data();
    for (std::size_t box = 0; box < grid.count(); ++box, out += kChannels, sums += kChannels) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      const Divide divide = width == grid.side ? whole : Divide(width * rows);
      const Sum alpha = sums[kChannels - 1];
      out[kChannels - 1] = static_cast<Sample>(divide(alpha));
      if (alpha == 0) continue;  // the colours stay zero
      for (std::size_t c = 0; c + 1 < kChannels; ++c) {
        out[c] = static_cast<Sample>((sums[c] + std::uint64_t{alpha} / 2) / alpha);
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
