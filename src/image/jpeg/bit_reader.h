// Bits from unstuffed bytes, most significant first (ITU-T T.81 F.2.2.5). It checks nothing: the
// scan decoders call fits() once an MCU, and EntropySource has room to read on behind its data.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__GNUC__)
#define THUMBMILL_INLINE inline __attribute__((always_inline))
#else
#define THUMBMILL_INLINE inline
#endif

namespace thumbmill::jpeg {

/// A value, so that compilers keep it in registers.
struct BitReader {
  const std::uint8_t* next = nullptr;  ///< the first byte of which not all bits are in `bits`
  std::uint64_t bits = 0;              ///< to be read from the top
  std::uint32_t count = 0;             ///< how many of them are read in; the rest may be set, too

  /// Makes at least 56 bits available; reads 8 bytes.
  THUMBMILL_INLINE void refill() {
    std::uint64_t word;
    std::memcpy(&word, next, sizeof word);
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    // Whole bytes only are counted; the part of a byte behind them is the same when it is read
    // again, so that it may be or-ed in twice.
    bits |= word >> count;
    next += (63 - count) >> 3;
    count |= 56;
  }

  /// The next `n` bits, 1 to 32, which must be available.
  THUMBMILL_INLINE std::uint32_t peek(std::uint32_t n) const {
    return static_cast<std::uint32_t>(bits >> (64 - n));
  }

  /// Steps over bits, fewer than 64, which must be available.
  THUMBMILL_INLINE void skip(std::uint32_t n) {
    bits <<= n & 63;
    count -= n;
  }

  /// Whether nothing behind `end` has been consumed, only looked at.
  bool fits(const std::uint8_t* end) const {
    return next <= end || static_cast<std::size_t>(next - end) * 8 <= count;
  }
};

/// T.81 F.2.2.1, EXTEND: the value of `size` additional bits, 0 to 15, which `bits` begins with.
/// Without a branch: the sign is as good as random, and a wrong guess costs more than all of this.
THUMBMILL_INLINE std::int32_t extend(std::uint64_t bits, std::uint32_t size) {
  // Shifted twice: a size of 0 must give 0, and a shift by 64 is undefined.
  const auto value = static_cast<std::int32_t>(bits >> 1 >> (63 - size));
  const auto negative = static_cast<std::int32_t>(static_cast<std::int64_t>(~bits) >> 63);
  return value - (((1 << size) - 1) & negative);
}

}  // namespace thumbmill::jpeg
