#include "image/jpeg/scan_decoder.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "image/jpeg/reduced_idct.h"

// The same code twice: shifts by a variable take three instructions without BMI2, and the loop
// over a block's symbols is hardly more than these. The rest of the program runs anywhere.
#if defined(__x86_64__) && defined(__GNUC__)
#define THUMBMILL_BMI2 __attribute__((target("bmi,bmi2")))
#endif

namespace thumbmill::jpeg {
namespace {

// The prediction wraps as a coefficient of libjpeg's does, and its sum must not overflow.
struct Predictor {
  std::uint32_t sum = 0;

  THUMBMILL_INLINE std::int16_t add(std::int32_t difference) {
    sum += static_cast<std::uint32_t>(difference);
    return static_cast<std::int16_t>(sum);
  }
};

// What a restart resets: the predictions of each component, and how many blocks to come have no
// more coefficients in the band (T.81 G.1.2.2, EOBRUN).
struct Memory {
  Predictor predictors[kMaxComponents];
  std::uint32_t end_of_band_run = 0;
};

THUMBMILL_INLINE bool block_half(const ScanComponent& part, std::int32_t dc, BitReader& reader,
                                 std::uint8_t* out) {
  constexpr std::uint32_t kLast = kLowCoefficients - 1;
  std::int16_t values[AcTable::values_for(kLast)];
  std::fill_n(values, kLowCoefficients, std::int16_t{0});
  if (!part.ac->read_low<kLast>(reader, values)) return false;
  values[0] = static_cast<std::int16_t>(dc);
  idct_low(values, part.steps.data(), 4, out, part.stride);
  return true;
}

THUMBMILL_INLINE bool block_quarter(const ScanComponent& part, std::int32_t dc, BitReader& reader,
                                    std::uint8_t* out) {
  std::int16_t values[AcTable::values_for(4)];
  std::fill_n(values, 5, std::int16_t{0});
  if (!part.ac->read_low<4>(reader, values)) return false;
  values[0] = static_cast<std::int16_t>(dc);
  idct_low(values, part.steps.data(), 2, out, part.stride);
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
  THUMBMILL_INLINE static bool decode(const ScanWork& work, Memory& memory, BitReader& reader,
                                      std::size_t x, std::size_t y) {
    for (std::size_t i = 0; i < work.count; ++i) {
      const ScanComponent& part = work.components[i];
      const std::size_t side = kMaxSide == 1 ? 1 : part.side;
      std::uint8_t* row = part.samples + y * part.v * side * part.stride + x * part.h * side;
      for (std::uint32_t v = 0; v < part.v; ++v, row += side * part.stride) {
        for (std::uint32_t h = 0; h < part.h; ++h) {
          if (!sequential_block<kMaxSide>(part, memory.predictors[i], reader, row + h * side)) {
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
  THUMBMILL_INLINE static bool decode(const ScanWork& work, Memory& memory, BitReader& reader,
                                      std::size_t x, std::size_t y) {
    for (std::size_t i = 0; i < work.count; ++i) {
      const ScanComponent& part = work.components[i];
      std::int16_t* row = part.coefficients + (y * part.v * part.stride + x * part.h) * part.kept;
      for (std::uint32_t v = 0; v < part.v; ++v, row += part.stride * part.kept) {
        for (std::uint32_t h = 0; h < part.h; ++h) {
          reader.refill();
          if (kFirst) {
            std::int32_t difference = 0;
            if (!part.dc->read(reader, difference)) return false;
            const auto value = static_cast<std::uint32_t>(memory.predictors[i].add(difference));
            row[h * part.kept] = static_cast<std::int16_t>(value << work.low);
          } else {
            const std::uint32_t bit = reader.peek(1);
            reader.skip(1);
            std::int16_t& value = row[h * part.kept];
            value = static_cast<std::int16_t>(value | static_cast<std::int32_t>(bit << work.low));
          }
        }
      }
    }
    return true;
  }
};

// EOBn: the run's length, this block included. Needs 14 bits.
THUMBMILL_INLINE std::uint32_t read_run(BitReader& reader, std::uint32_t bits) {
  if (bits == 0) return 1;
  const std::uint32_t more = reader.peek(bits);
  reader.skip(bits);
  return (1u << bits) + more;
}

// T.81 G.1.2.2: the first scan of a band.
struct AcFirstMcu {
  THUMBMILL_INLINE static bool decode(const ScanWork& work, Memory& memory, BitReader& reader,
                                      std::size_t x, std::size_t y) {
    if (memory.end_of_band_run > 0) {
      --memory.end_of_band_run;
      return true;
    }
    const ScanComponent& part = work.components[0];
    const std::size_t block = y * part.stride + x;
    std::uint64_t nonzero = part.nonzero[block];
    std::uint32_t k = work.first;
    while (k <= work.last) {
      reader.refill();
      std::uint32_t run = 0, size = 0;
      if (!part.ac->read_code(reader, run, size)) return false;
      if (size == 0) {
        if (run < 15) {
          memory.end_of_band_run = read_run(reader, run) - 1;
          break;
        }
        k += 16;
        continue;
      }
      k += run;
      if (k > work.last) return false;
      const std::int32_t value = extend(reader.bits, size) * (1 << work.low);
      reader.skip(size);
      if (k < part.kept) {
        part.coefficients[block * part.kept + k] = static_cast<std::int16_t>(value);
      }
      // As libjpeg sees it: what does not fit its 16 bits may have become zero.
      nonzero |= std::uint64_t{static_cast<std::int16_t>(value) != 0} << k++;
    }
    part.nonzero[block] = nonzero;
    return true;
  }
};

// T.81 G.1.2.3: a bit more for each coefficient that is not zero, and those that become so.
struct AcRefineMcu {
  // A correction bit for coefficient k, which is not zero.
  THUMBMILL_INLINE static void correct(const ScanWork& work, std::int16_t* values, std::size_t kept,
                                       std::uint32_t k, BitReader& reader) {
    reader.refill();
    const std::uint32_t bit = reader.peek(1);
    reader.skip(1);
    if (k >= kept || bit == 0) return;
    const std::int32_t value = values[k];
    const std::int32_t step = 1 << work.low;
    if ((value & step) == 0) {
      values[k] = static_cast<std::int16_t>(value + (value >= 0 ? step : -step));
    }
  }

  // The rest of a band in which no more coefficients come up.
  THUMBMILL_INLINE static void correct_rest(const ScanWork& work, std::int16_t* values,
                                            std::size_t kept, std::uint32_t k,
                                            std::uint64_t nonzero, BitReader& reader) {
    if (k > work.last) return;
    std::uint64_t left = (nonzero >> k << k) & (~std::uint64_t{0} >> (63 - work.last));
    while (left != 0) {
      const auto next = static_cast<std::uint32_t>(std::countr_zero(left));
      if (next >= kept) break;
      correct(work, values, kept, next, reader);
      left &= left - 1;
    }
    // Bits for what is not kept.
    for (auto bits = static_cast<std::uint32_t>(std::popcount(left)); bits > 0;) {
      const std::uint32_t now = std::min(bits, 32u);
      reader.refill();
      reader.skip(now);
      bits -= now;
    }
  }

  THUMBMILL_INLINE static bool decode(const ScanWork& work, Memory& memory, BitReader& reader,
                                      std::size_t x, std::size_t y) {
    const ScanComponent& part = work.components[0];
    const std::size_t block = y * part.stride + x;
    std::int16_t* const values = part.coefficients + block * part.kept;
    std::uint64_t& nonzero = part.nonzero[block];
    std::uint32_t k = work.first;
    for (; memory.end_of_band_run == 0 && k <= work.last; ++k) {
      reader.refill();
      std::uint32_t run = 0, size = 0;
      if (!part.ac->read_code(reader, run, size) || size > 1) return false;
      if (size == 0 && run < 15) {
        memory.end_of_band_run = read_run(reader, run);
        break;
      }
      std::int32_t value = 0;
      if (size == 1) {
        value = reader.peek(1) != 0 ? 1 << work.low : -(1 << work.low);
        reader.skip(1);
      }
      // So many zeros stay zero; what is between them gets its bit.
      for (; k <= work.last; ++k) {
        if ((nonzero >> k & 1) != 0) {
          correct(work, values, part.kept, k, reader);
        } else if (run-- == 0) {
          break;
        }
      }
      if (size == 0) continue;
      if (k > work.last) return false;
      if (k < part.kept) values[k] = static_cast<std::int16_t>(value);
      nonzero |= std::uint64_t{1} << k;
    }
    if (memory.end_of_band_run > 0) {
      correct_rest(work, values, part.kept, k, nonzero, reader);
      --memory.end_of_band_run;
    }
    return true;
  }
};

template <typename Mcu>
THUMBMILL_INLINE ScanEnd decode_mcus(const ScanWork& work, EntropySource& source) {
  Memory memory;
  BitReader reader{.next = source.begin()};
  std::size_t until_restart = work.restart_interval;
  for (std::size_t y = 0; y < work.mcu_rows; ++y) {
    for (std::size_t x = 0; x < work.mcus_per_row; ++x) {
      if (work.restart_interval != 0 && until_restart-- == 0) {
        if (!source.last()) return ScanEnd::anomaly;
        const bool ended = source.at_end();
        if (!ended && !source.next_stretch()) return ScanEnd::anomaly;
        // Where the data has ended, libjpeg goes on with an MCU of zero bits: what follows the end.
        reader = {.next = ended ? source.end() : source.begin()};
        memory = {};
        until_restart = work.restart_interval - 1;
      }
      if (!Mcu::decode(work, memory, reader, x, y)) return ScanEnd::anomaly;
      if (reader.next >= source.low_water()) [[unlikely]] {
        if (!source.last()) {
          source.advance(reader.next);
          reader.next = source.begin();
        } else if (!reader.fits(source.end())) {
          return source.at_end() ? ScanEnd::cut_off : ScanEnd::anomaly;
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
ScanEnd decode_anywhere(const ScanWork& work, EntropySource& source) {
#ifdef THUMBMILL_BMI2
  if (has_quick_shifts()) return decode_bmi2<Mcu>(work, source);
#endif
  return decode_portable<Mcu>(work, source);
}

template <typename Mcu>
ScanEnd decode(const ScanWork& work, EntropySource& source) {
  const ScanEnd end = decode_anywhere<Mcu>(work, source);
  return source.has_stray_fill() ? ScanEnd::anomaly : end;
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

ScanEnd decode_progressive_ac(const ScanWork& work, EntropySource& source) {
  return work.high == 0 ? decode<AcFirstMcu>(work, source) : decode<AcRefineMcu>(work, source);
}

}  // namespace thumbmill::jpeg
