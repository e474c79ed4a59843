#include "image/planar/box_reduce.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

namespace thumbmill::planar {
namespace {

using U8x16 = std::uint8_t __attribute__((vector_size(16)));
using U16x8 = std::uint16_t __attribute__((vector_size(16)));
using U64x2 = std::uint64_t __attribute__((vector_size(16)));
using F32x4 = float __attribute__((vector_size(16)));
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

struct Taps {
  explicit Taps(const BoxTaps& taps)
      : here(static_cast<float>(taps.here)), beside(static_cast<float>(taps.beside)) {}

  // Over `count` values, rounded up to four.
  void apply(const float* a, const float* b, const float* c, float* out, std::size_t count) const {
    for (std::size_t i = 0; i < count; i += 4) {
      const F32x4 sum =
          (load<F32x4>(a + i) + load<F32x4>(c + i)) * beside + load<F32x4>(b + i) * here;
      std::memcpy(out + i, &sum, sizeof sum);
    }
  }

  float here;
  float beside;
};

// Planes for boxes of `channels` samples a pixel; the last channel may be alpha.
Picture make_picture(const BoxGrid& across, const BoxGrid& down, std::size_t channels,
                     bool has_alpha) {
  Picture picture;
  const bool inks = channels == 4 && !has_alpha;
  picture.model = inks ? ColorModel::cmyk : channels < 3 ? ColorModel::grey : ColorModel::rgb;
  picture.has_alpha = has_alpha;
  for (std::size_t c = 0; c < channels; ++c) {
    Plane& plane = picture.planes.emplace_back();
    plane.width = plane.stride = across.count();
    plane.height = down.count();
    plane.extent_x = static_cast<double>(across.pixels()) / static_cast<double>(across.side());
    plane.extent_y = static_cast<double>(down.pixels()) / static_cast<double>(down.side());
    plane.samples.resize(plane.stride * plane.height);
  }
  return picture;
}

// What every reducer has: the grids, the latest rows of means, the taps over them, and the result.
// With alpha, means of colours are those of colour times alpha.
template <typename Sample, std::size_t kChannels, bool kHasAlpha>
class Reducer : public BoxReducer {
 public:
  Reducer(std::size_t width_px, std::size_t height_px, std::size_t side,
          const RowConversion* conversion)
      : across_(width_px, side),
        down_(height_px, side),
        taps_(taps_of(side)),
        values_(across_.count() * kChannels),
        conversion_(conversion),
        picture_(make_picture(across_, down_, kChannels, kHasAlpha)) {
    for (std::vector<float>& row : means_) row.resize(kFront + values_ + kBehind);
    filtered_.resize(kFront + values_ + kBehind);
    final_.resize(values_ + kBehind);
    if (conversion_ != nullptr) colors_.resize(across_.count() * 3);
  }

  void add(const void* samples) final {
    accumulate(static_cast<const Sample*>(samples));
    if (++row_ < down_.end(box_row_)) return;
    finish(row_ - down_.begin(box_row_), means(box_row_));
    if (box_row_ > 0) write(box_row_ - 1);
    ++box_row_;
  }

  Picture take() final {
    if (box_row_ > 0) write(box_row_ - 1);
    return std::move(picture_);
  }

 protected:
  virtual void accumulate(const Sample* samples) = 0;
  // Writes the means of a row of boxes of `rows` rows, and up to a value more; begins the next row.
  virtual void finish(std::size_t rows, float* out) = 0;

  const BoxGrid across_;
  const BoxGrid down_;

 private:
  static constexpr std::size_t kFront = kChannels;
  static constexpr std::size_t kBehind = kChannels + 4;
  static constexpr float kMost = sizeof(Sample) == 1 ? 255 : 65535;

  float* means(std::size_t box_row) { return means_[box_row % 3].data() + kFront; }

  void write(std::size_t box_row) {
    const std::size_t last = std::min(box_row + 1, down_.count() - 1);
    float* row = filtered_.data() + kFront;
    taps_.apply(means(box_row == 0 ? 0 : box_row - 1), means(box_row), means(last), row, values_);
    float* before = row - kChannels;
    for (std::size_t c = 0; c < kChannels; ++c) {
      before[c] = row[c];
      row[values_ + c] = row[values_ - kChannels + c];
    }
    taps_.apply(before, row, row + kChannels, final_.data(), values_);
    if (conversion_ != nullptr) convert();
    for (std::size_t c = 0; c < kChannels; ++c) {
      const bool weighted = kHasAlpha && c + 1 < kChannels;
      const float scale = 255 / (weighted ? kMost * kMost : kMost);
      std::uint8_t* const out = picture_.planes[c].row(box_row);
      for (std::size_t x = 0; x < across_.count(); ++x) {
        out[x] = to_byte(final_[x * kChannels + c] * scale);
      }
    }
  }

  // The final row through the conversion, which takes colours that are not multiplied by alpha.
  void convert() {
    constexpr std::size_t kColors = kHasAlpha ? kChannels - 1 : kChannels;
    const auto weight = [&](const float* pixel) {
      if constexpr (kHasAlpha) return std::max(pixel[kChannels - 1], 0.0f) * kMost;
      return kMost;
    };
    const auto color = [](std::size_t c) { return kColors == 1 ? 0 : c; };
    for (std::size_t x = 0; x < across_.count(); ++x) {
      const float* const pixel = final_.data() + x * kChannels;
      const float part = weight(pixel) > 0 ? 1 / weight(pixel) : 0;
      for (std::size_t c = 0; c < 3; ++c) colors_[x * 3 + c] = pixel[color(c)] * part;
    }
    conversion_->convert(colors_.data(), across_.count());
    for (std::size_t x = 0; x < across_.count(); ++x) {
      float* const pixel = final_.data() + x * kChannels;
      const float whole = weight(pixel);
      for (std::size_t c = 0; c < kColors; ++c) pixel[c] = colors_[x * 3 + c] * whole;
    }
  }

  // Taps overshoot at edges. Cut off below: std::lround is a call, and nothing is negative then.
  static std::uint8_t to_byte(float value) {
    const float raised = std::min(255.0f, std::max(0.0f, value)) + 0.5f;
    return static_cast<std::uint8_t>(static_cast<std::int32_t>(raised));
  }

  const Taps taps_;
  const std::size_t values_;  // of a row
  const RowConversion* const conversion_;
  std::size_t row_ = 0;
  std::size_t box_row_ = 0;
  std::vector<float> means_[3];
  std::vector<float> filtered_;  // down
  std::vector<float> final_;     // and across
  std::vector<float> colors_;    // of the final row, on their way through the conversion
  Picture picture_;
};

// Boxes of one pixel: only put into planes.
template <typename Sample, std::size_t kChannels, bool kHasAlpha>
class Splitter final : public BoxReducer {
 public:
  Splitter(std::size_t width_px, std::size_t height_px)
      : picture_(make_picture({width_px, 1}, {height_px, 1}, kChannels, kHasAlpha)) {}

  void add(const void* samples) override {
    const auto* pixel = static_cast<const Sample*>(samples);
    std::uint8_t* out[kChannels];
    for (std::size_t c = 0; c < kChannels; ++c) out[c] = picture_.planes[c].row(row_);
    const std::size_t width = picture_.planes.front().width;
    for (std::size_t x = 0; x < width; ++x, pixel += kChannels) {
      const std::uint8_t alpha = kHasAlpha ? in_8_bits(pixel[kChannels - 1]) : 255;
      for (std::size_t c = 0; c < kChannels; ++c) {
        const std::uint8_t value = in_8_bits(pixel[c]);
        const bool weighted = kHasAlpha && c + 1 < kChannels;
        out[c][x] = weighted ? static_cast<std::uint8_t>((value * alpha + 127) / 255) : value;
      }
    }
    ++row_;
  }

  Picture take() override { return std::move(picture_); }

 private:
  static std::uint8_t in_8_bits(Sample sample) {
    if constexpr (sizeof(Sample) == 1) return sample;
    return static_cast<std::uint8_t>((sample + 128u) / 257u);
  }

  std::size_t row_ = 0;
  Picture picture_;
};

// Without alpha: columns are summed up first, which takes whole vectors, and boxes out of columns
// once for all their rows.
template <typename Sample, std::size_t kChannels>
class OpaqueReducer final : public Reducer<Sample, kChannels, false> {
 public:
  OpaqueReducer(std::size_t width_px, std::size_t height_px, std::size_t side,
                const RowConversion* conversion)
      : Reducer<Sample, kChannels, false>(width_px, height_px, side, conversion),
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

  void finish(std::size_t rows, float* out) override {
    const BoxGrid& grid = this->across_;
    const Sum* column = columns_.data();
    const float whole = 1.0f / static_cast<float>(grid.side() * rows);
    for (std::size_t box = 0; box < grid.count(); ++box, out += kChannels) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      const float part = width == grid.side() ? whole : 1.0f / static_cast<float>(width * rows);
      if constexpr (kChannels == 1) {
        std::uint32_t sum = 0;
        for (const Sum* end = column + width; column < end; ++column) sum += *column;
        *out = static_cast<float>(sum) * part;
      } else {
        const F32x4 means = __builtin_convertvector(sums_of(column, width), F32x4) * part;
        std::memcpy(out, &means, sizeof means);
        column += kChannels * width;
      }
    }
    std::fill(columns_.begin(), columns_.end(), Sum{0});
  }

  // Four sums; of three channels the fourth is what lies between, which reads one column too many.
  static U32x4 sums_of(const Sum* column, std::size_t width) {
    U32x4 sums{};
    for (std::size_t x = 0; x < width; ++x, column += kChannels) {
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
class AlphaReducer final : public Reducer<Sample, kChannels, true> {
 public:
  AlphaReducer(std::size_t width_px, std::size_t height_px, std::size_t side,
               const RowConversion* conversion)
      : Reducer<Sample, kChannels, true>(width_px, height_px, side, conversion),
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

  void finish(std::size_t rows, float* out) override {
    const BoxGrid& grid = this->across_;
    const Sum* sums = sums_.data();
    for (std::size_t box = 0; box < grid.count(); ++box) {
      const std::size_t width = grid.end(box) - grid.begin(box);
      const float part = 1.0f / static_cast<float>(width * rows);
      for (std::size_t c = 0; c < kChannels; ++c) *out++ = static_cast<float>(*sums++) * part;
    }
    std::fill(sums_.begin(), sums_.end(), Sum{0});
  }

  std::vector<Sum> sums_;
};

template <typename Sample>
std::unique_ptr<BoxReducer> make_splitter(std::size_t width, std::size_t height,
                                          std::size_t channels, bool has_alpha) {
  if (channels == 2 && has_alpha) return std::make_unique<Splitter<Sample, 2, true>>(width, height);
  if (has_alpha) return std::make_unique<Splitter<Sample, 4, true>>(width, height);
  if (channels == 1) return std::make_unique<Splitter<Sample, 1, false>>(width, height);
  if (channels == 4) return std::make_unique<Splitter<Sample, 4, false>>(width, height);
  return std::make_unique<Splitter<Sample, 3, false>>(width, height);
}

template <typename Sample>
std::unique_ptr<BoxReducer> make(std::size_t width, std::size_t height, std::size_t channels,
                                 bool has_alpha, std::size_t side,
                                 const RowConversion* conversion) {
  if (side == 1 && conversion == nullptr) {
    return make_splitter<Sample>(width, height, channels, has_alpha);
  }
  if (channels == 2 && has_alpha) {
    return std::make_unique<AlphaReducer<Sample, 2>>(width, height, side, conversion);
  }
  if (has_alpha) {
    return std::make_unique<AlphaReducer<Sample, 4>>(width, height, side, conversion);
  }
  if (channels == 1) {
    return std::make_unique<OpaqueReducer<Sample, 1>>(width, height, side, conversion);
  }
  if (channels == 4) {
    return std::make_unique<OpaqueReducer<Sample, 4>>(width, height, side, nullptr);
  }
  return std::make_unique<OpaqueReducer<Sample, 3>>(width, height, side, conversion);
}

}  // namespace

BoxTaps taps_of(std::size_t side) {
  const double square = static_cast<double>(side) * static_cast<double>(side);
  const double k = (1 - 1 / square) / 40;
  return {1 + 2 * k, -k};
}

std::unique_ptr<BoxReducer> make_box_reducer(std::size_t width_px, std::size_t height_px,
                                             std::size_t channels, bool has_alpha, bool wide,
                                             std::size_t side, const RowConversion* conversion) {
  return wide ? make<std::uint16_t>(width_px, height_px, channels, has_alpha, side, conversion)
              : make<std::uint8_t>(width_px, height_px, channels, has_alpha, side, conversion);
}

}  // namespace thumbmill::planar
