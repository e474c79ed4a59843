#include "image/planar/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/status.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define THUMBMILL_AVX2 __attribute__((target("avx2")))
#endif

namespace thumbmill::planar {
namespace {

constexpr int kRowBits = 6;  // fractional bits of what the vertical pass makes
constexpr int kVerticalShift = Taps::kBits - kRowBits;
constexpr int kHorizontalShift = Taps::kBits + kRowBits;
constexpr std::size_t kLane = 16;

double weight_at(double x, Filter filter) {
  x = std::abs(x);
  if (filter == Filter::triangle) return std::max(0.0, 1 - x);
  if (x < 1e-9) return 1;
  if (x >= 3) return 0;
  const double pi_x = std::numbers::pi * x;
  // 3 sin(pi x) sin(pi x / 3) / (pi x)^2, of which sin(3 y) = 3 sin(y) - 4 sin(y)^3 saves a sine.
  const double sine = std::sin(pi_x / 3);
  return 3 * sine * sine * (3 - 4 * sine * sine) / (pi_x * pi_x);
}

// Rounded, with what rounding leaves over given to the greatest.
void quantise(const std::vector<double>& weights, double sum, std::int16_t* out) {
  constexpr std::int32_t kOne = 1 << Taps::kBits;
  std::int32_t left = kOne;
  std::size_t greatest = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    out[i] = static_cast<std::int16_t>(std::lround(weights[i] / sum * kOne));
    left -= out[i];
    if (out[i] > out[greatest]) greatest = i;
  }
  out[greatest] = static_cast<std::int16_t>(out[greatest] + left);
}

std::uint8_t to_byte(std::int32_t value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

std::int16_t to_word(std::int32_t value) {
  return static_cast<std::int16_t>(std::clamp(value, -32768, 32767));
}

void vertical_portable(const std::uint8_t* const* rows, const std::int16_t* weights,
                       std::size_t count, std::size_t width, std::int16_t* out) {
  constexpr std::size_t kBlock = 256;  // sums that stay in the first cache
  std::int32_t sums[kBlock];
  for (std::size_t at = 0; at < width; at += kBlock) {
    const std::size_t n = std::min(kBlock, width - at);
    std::fill_n(sums, n, 1 << (kVerticalShift - 1));
    for (std::size_t j = 0; j < count; ++j) {
      const std::int32_t weight = weights[j];
      const std::uint8_t* const row = rows[j] + at;
      for (std::size_t i = 0; i < n; ++i) sums[i] += weight * row[i];
    }
    for (std::size_t i = 0; i < n; ++i) out[at + i] = to_word(sums[i] >> kVerticalShift);
  }
}

void horizontal_portable(const std::int16_t* row, const Taps& taps, std::uint8_t* out) {
  for (std::size_t x = 0; x < taps.first.size(); ++x) {
    const std::int16_t* const in = row + taps.first[x];
    const std::int16_t* const weights = taps.weights.data() + x * taps.count;
    std::int32_t sum = 1 << (kHorizontalShift - 1);
    for (std::size_t j = 0; j < taps.used; ++j) sum += weights[j] * in[j];
    out[x] = to_byte(sum >> kHorizontalShift);
  }
}

#ifdef THUMBMILL_AVX2

THUMBMILL_AVX2 inline __m256i load32(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

// Two neighbours, for all lanes; the second one is nothing behind the last.
THUMBMILL_AVX2 inline __m256i pair_of_weights(const std::int16_t* weights, bool both) {
  std::int32_t pair = static_cast<std::uint16_t>(weights[0]);
  if (both) std::memcpy(&pair, weights, sizeof pair);
  return _mm256_set1_epi32(pair);
}

// Both halves of `samples`, in the order of memory, from sums that lie as unpacking leaves them.
THUMBMILL_AVX2 inline void store_sums(const __m256i (&sums)[4], std::int16_t* out) {
  const __m256i low = _mm256_packs_epi32(_mm256_srai_epi32(sums[0], kVerticalShift),
                                         _mm256_srai_epi32(sums[1], kVerticalShift));
  const __m256i high = _mm256_packs_epi32(_mm256_srai_epi32(sums[2], kVerticalShift),
                                          _mm256_srai_epi32(sums[3], kVerticalShift));
  const __m256i first = _mm256_permute2x128_si256(low, high, 0x20);
  const __m256i second = _mm256_permute2x128_si256(low, high, 0x31);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), first);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + kLane), second);
}

// Two rows at a time, interleaved, are what a multiply-add of pairs takes.
THUMBMILL_AVX2 void vertical_avx2(const std::uint8_t* const* rows, const std::int16_t* weights,
                                  std::size_t count, std::size_t width, std::int16_t* out) {
  constexpr std::size_t kColumns = 2 * kLane;
  if (width < kColumns) return vertical_portable(rows, weights, count, width, out);
  const __m256i zero = _mm256_setzero_si256();
  for (std::size_t next = 0; next < width; next += kColumns) {
    const std::size_t at = std::min(next, width - kColumns);  // the last ones may come twice
    const __m256i half = _mm256_set1_epi32(1 << (kVerticalShift - 1));
    __m256i sums[4] = {half, half, half, half};
    for (std::size_t j = 0; j < count; j += 2) {
      const bool both = j + 1 < count;
      const __m256i weight = pair_of_weights(weights + j, both);
      const __m256i a = load32(rows[j] + at);
      const __m256i b = both ? load32(rows[j + 1] + at) : zero;
      const __m256i low = _mm256_unpacklo_epi8(a, b);
      const __m256i high = _mm256_unpackhi_epi8(a, b);
      const __m256i pairs[4] = {_mm256_unpacklo_epi8(low, zero), _mm256_unpackhi_epi8(low, zero),
                                _mm256_unpacklo_epi8(high, zero), _mm256_unpackhi_epi8(high, zero)};
      for (std::size_t i = 0; i < 4; ++i) {
        sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs[i], weight));
      }
    }
    store_sums(sums, out + at);
  }
}

THUMBMILL_AVX2 void horizontal_avx2(const std::int16_t* row, const Taps& taps, std::uint8_t* out) {
  for (std::size_t x = 0; x < taps.first.size(); ++x) {
    const std::int16_t* const in = row + taps.first[x];
    const std::int16_t* const weights = taps.weights.data() + x * taps.count;
    __m256i sums = _mm256_madd_epi16(load32(in), load32(weights));
    for (std::size_t j = kLane; j < taps.used; j += kLane) {
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(load32(in + j), load32(weights + j)));
    }
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    out[x] = to_byte((_mm_cvtsi128_si32(sum) + (1 << (kHorizontalShift - 1))) >> kHorizontalShift);
  }
}

#endif

}  // namespace

Taps make_taps(const Axis& axis, Filter filter) {
  const double scale = std::max(1.0, std::abs(axis.step));
  const double radius = (filter == Filter::lanczos3 ? 3.0 : 1.0) * scale;
  const auto last = static_cast<std::int64_t>(axis.in) - 1;
  Taps taps;
  taps.in = axis.in;
  taps.used = std::min(axis.in, static_cast<std::size_t>(std::ceil(2 * radius)) + 2);
  taps.count = (taps.used + kLane - 1) / kLane * kLane;
  taps.first.resize(axis.out);
  taps.weights.assign(axis.out * taps.count, 0);
  std::vector<double> weights(taps.used);
  for (std::size_t i = 0; i < axis.out; ++i) {
    const double center = axis.offset + (static_cast<double>(i) + 0.5) * axis.step;
    const auto from = static_cast<std::int64_t>(std::floor(center - radius));
    const auto to = static_cast<std::int64_t>(std::ceil(center + radius));
    const std::int64_t first =
        std::clamp<std::int64_t>(from, 0, last + 1 - static_cast<std::int64_t>(taps.used));
    std::fill(weights.begin(), weights.end(), 0);
    double sum = 0;
    for (std::int64_t j = from; j < to; ++j) {
      // Past the edge the edge's own sample counts for what is not there.
      const std::int64_t at = std::clamp<std::int64_t>(j, 0, last) - first;
      if (at < 0 || at >= static_cast<std::int64_t>(taps.used)) continue;
      const double weight = weight_at((static_cast<double>(j) + 0.5 - center) / scale, filter);
      weights[static_cast<std::size_t>(at)] += weight;
      sum += weight;
    }
    taps.first[i] = static_cast<std::uint32_t>(first);
    quantise(weights, sum, taps.weights.data() + i * taps.count);
  }
  return taps;
}

Passes portable_passes() { return {vertical_portable, horizontal_portable}; }

Passes best_passes() {
#ifdef THUMBMILL_AVX2
  if (__builtin_cpu_supports("avx2") != 0) return {vertical_avx2, horizontal_avx2};
#endif
  return portable_passes();
}

Plane resample(const Plane& source, const Taps& across, const Taps& down) {
  THUMBMILL_CHECK(across.in <= source.stride && down.in * source.stride <= source.samples.size());
  const Passes passes = best_passes();
  Plane made;
  made.width = made.stride = across.first.size();
  made.height = down.first.size();
  made.extent_x = static_cast<double>(made.width);
  made.extent_y = static_cast<double>(made.height);
  made.samples.resize(made.stride * made.height);
  std::vector<std::int16_t> row(across.in + kRowPadding);
  std::vector<const std::uint8_t*> rows(down.used);
  for (std::size_t i = 0; i < made.height; ++i) {
    for (std::size_t j = 0; j < down.used; ++j) rows[j] = source.row(down.first[i] + j);
    passes.vertical(rows.data(), down.weights.data() + i * down.count, down.used, across.in,
                    row.data());
    passes.horizontal(row.data(), across, made.row(i));
  }
  return made;
}

}  // namespace thumbmill::planar
