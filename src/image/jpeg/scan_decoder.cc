#include "image/jpeg/scan_decoder.h"

#include <atomic>

#include "image/jpeg/reduced_idct.h"

// The same code twice: shifts by a variable take three instructions without BMI2, and the loop
// over a block's symbols is hardly more than these. The rest of the program runs anywhere.
#if defined(__x86_64__) && defined(__GNUC__)
#define THUMBMILL_BMI2 __attribute__((target("bmi,bmi2")))
#endif

namespace thumbmill::jpeg {
namespace {

// Twice and more what 8-bit samples lead to (T.81 A.3.1: 11 bits); keeps sums of products small.
constexpr std::int32_t kCoefficientLimit = 1 << 13;

// The prediction wraps as a coefficient of libjpeg's does, and its sum must not overflow.
struct Predictor {
  std::uint32_t sum = 0;

  THUMBMILL_INLINE std::int16_t add(std::int32_t difference) {
    sum += static_cast<std::uint32_t>(difference);
    return static_cast<std::int16_t>(sum);
  }
};

THUMBMILL_INLINE bool block_half(const ScanComponent& part, std::int32_t dc, BitReader& reader,
                                 std::uint8_t* out) {
  constexpr std::uint32_t kLast = kLowCoefficients - 1;
  std::int16_t values[AcTable::values_for(kLast)];
  std::fill_n(values, kLowCoefficients, std::int16_t{0});
  if (!part.ac->read_low<kLast>(reader, values)) return false;
  // Where in the zigzag (T.81 figure A.6) each of the lowest frequencies is.
  static constexpr std::uint8_t kZigzag[4][4] = {
      {0, 1, 5, 6}, {2, 4, 7, 13}, {3, 8, 12, 17}, {9, 11, 18, 24}};
  values[0] = static_cast<std::int16_t>(dc);
  std::int32_t c[4][4];
  for (int v = 0; v < 4; ++v) {
    for (int u = 0; u < 4; ++u) {
      const std::size_t k = kZigzag[v][u];
      c[v][u] = std::clamp(values[k] * part.steps[k], -kCoefficientLimit, kCoefficientLimit);
    }
  }
  idct_4x4(c, out, part.stride);
  return true;
}

THUMBMILL_INLINE bool block_quarter(const ScanComponent& part, std::int32_t dc, BitReader& reader,
                                    std::uint8_t* out) {
  std::int16_t values[AcTable::values_for(4)];
  std::fill_n(values, 5, std::int16_t{0});
  if (!part.ac->read_low<4>(reader, values)) return false;
  const std::int32_t c[2][2] = {{dc * part.steps[0], values[1] * part.steps[1]},
                                {values[2] * part.steps[2], values[4] * part.steps[4]}};
  idct_2x2(c, out, part.stride);
  return true;
}

template <std::uint32_t kMaxSide>
THUMBMILL_INLINE bool sequential_block(const ScanComponent& part, Predictor& predictor,
                                       BitReader& reader, std::uint8_t* out) {
  reader.refill();
  std::int32_t difference = 0;
  if (!part.dc->read(reader, difference)) return false;
  const std::int32_t dc = predictor.add(difference);
  if (kMaxSide >= 4 && part.side == 4) return block_half(part, dc, reader, out);
  if (kMaxSide >= 2 && part.side == 2) return block_quarter(part, dc, reader, out);
  *out = idct_1x1(dc * part.steps[0]);
  return part.ac->skip_rest(reader, 1);
}

// What is decoded of an MCU; `x` and `y` count MCUs.
template <std::uint32_t kMaxSide>
struct SequentialMcu {
  THUMBMILL_INLINE static bool decode(const ScanWork& work, Predictor* predictors,
                                      BitReader& reader, std::size_t x, std::size_t y) {
    for (std::size_t i = 0; i < work.count; ++i) {
      const ScanComponent& part = work.components[i];
      const std::size_t side = kMaxSide == 1 ? 1 : part.side;
      std::uint8_t* row = part.samples + y * part.v * side * part.stride + x * part.h * side;
      for (std::uint32_t v = 0; v < part.v; ++v, row += side * part.stride) {
        for (std::uint32_t h = 0; h < part.h; ++h) {
          if (!sequential_block<kMaxSide>(part, predictors[i], reader, row + h * side)) {
            return false;
          }
        }
      }
    }
    return true;
  }
};

// T.81 G.1.2.1: differences of the coefficients without their low bits; later a bit for each.
template <bool kFirst>
struct ProgressiveMcu {
  THUMBMILL_INLINE static bool decode(const ScanWork& work, Predictor* predictors,
                                      BitReader& reader, std::size_t x, std::size_t y) {
    for (std::size_t i = 0; i < work.count; ++i) {
      const ScanComponent& part = work.components[i];
      std::int16_t* row = part.coefficients + y * part.v * part.stride + x * part.h;
      for (std::uint32_t v = 0; v < part.v; ++v, row += part.stride) {
        for (std::uint32_t h = 0; h < part.h; ++h) {
          reader.refill();
          if (kFirst) {
            std::int32_t difference = 0;
            if (!part.dc->read(reader, difference)) return false;
            const auto value = static_cast<std::uint32_t>(predictors[i].add(difference));
            row[h] = static_cast<std::int16_t>(value << work.low);
          } else {
            const std::uint32_t bit = reader.peek(1);
            reader.skip(1);
            row[h] = static_cast<std::int16_t>(row[h] | static_cast<std::int32_t>(bit << work.low));
          }
        }
      }
    }
    return true;
  }
};

template <typename Mcu>
THUMBMILL_INLINE ScanEnd decode_mcus(const ScanWork& work, EntropySource& source) {
  Predictor predictors[kMaxComponents];
  BitReader reader{.next = source.begin()};
  std::size_t until_restart = work.restart_interval;
  for (std::size_t y = 0; y < work.mcu_rows; ++y) {
    for (std::size_t x = 0; x < work.mcus_per_row; ++x) {
      if (work.restart_interval != 0 && until_restart-- == 0) {
        if (!source.last()) return ScanEnd::anomaly;
        const bool ended = !source.at_restart();
        if (!ended && !source.next_stretch()) return ScanEnd::anomaly;
        // Where the data has ended, libjpeg goes on with an MCU of zero bits: what follows the end.
        reader = {.next = ended ? source.end() : source.begin()};
        for (Predictor& predictor : predictors) predictor = {};
        until_restart = work.restart_interval - 1;
      }
      if (!Mcu::decode(work, predictors, reader, x, y)) return ScanEnd::anomaly;
      if (reader.next >= source.low_water()) [[unlikely]] {
        if (!source.last()) {
          source.advance(reader.next);
          reader.next = source.begin();
        } else if (!reader.fits(source.end())) {
          return source.at_restart() ? ScanEnd::anomaly : ScanEnd::cut_off;
        }
      }
    }
  }
  return ScanEnd::complete;
}

template <typename Mcu>
ScanEnd decode_portable(const ScanWork& work, EntropySource& source) {
  return decode_mcus<Mcu>(work, source);
}

#ifdef THUMBMILL_BMI2
template <typename Mcu>
THUMBMILL_BMI2 ScanEnd decode_bmi2(const ScanWork& work, EntropySource& source) {
  return decode_mcus<Mcu>(work, source);
}
#endif

std::atomic<bool> portable_only = false;

template <typename Mcu>
ScanEnd decode(const ScanWork& work, EntropySource& source) {
#ifdef THUMBMILL_BMI2
  if (has_quick_shifts()) return decode_bmi2<Mcu>(work, source);
#endif
  return decode_portable<Mcu>(work, source);
}

}  // namespace

bool has_quick_shifts() {
#ifdef THUMBMILL_BMI2
  return !portable_only && __builtin_cpu_supports("bmi2") != 0;
#else
  return false;
#endif
}

void use_portable_code(bool on) { portable_only = on; }

ScanEnd decode_sequential(const ScanWork& work, EntropySource& source) {
  std::uint32_t side = 1;
  for (std::size_t i = 0; i < work.count; ++i) side = std::max(side, work.components[i].side);
  if (side == 1) return decode<SequentialMcu<1>>(work, source);
  if (side == 2) return decode<SequentialMcu<2>>(work, source);
  return decode<SequentialMcu<4>>(work, source);
}

ScanEnd decode_progressive_dc(const ScanWork& work, EntropySource& source) {
  return work.high == 0 ? decode<ProgressiveMcu<true>>(work, source)
                        : decode<ProgressiveMcu<false>>(work, source);
}

}  // namespace thumbmill::jpeg
