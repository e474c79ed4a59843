// Huffman tables in the form that the scans are read with (ITU-T T.81 Annex C, F.2.2): look-ups of
// the next bits. For what a thumbnail does not show there is a look-up that steps over several
// symbols at once, additional bits included, without saying what they were.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "image/jpeg/bit_reader.h"
#include "image/jpeg/markers.h"

namespace thumbmill::jpeg {

/// Codes of any length by comparison, for what no look-up holds.
struct CanonicalCode {
  std::array<std::int32_t, 17> last{};    ///< the greatest code of each length; -1: none
  std::array<std::int32_t, 17> offset{};  ///< of its symbol, less the code
  std::array<std::uint8_t, 256> symbols{};

  struct Found {
    std::uint32_t length = 0;  ///< 0: no such code
    std::uint32_t symbol = 0;
  };
  /// The symbol that the 16 bits begin with.
  Found find(std::uint32_t bits16) const;
};

/// nothing: the lengths are not those of a prefix code.
std::optional<CanonicalCode> make_code(const HuffmanSpec& spec);

/// DC differences (T.81 F.2.2.1).
class DcTable {
 public:
  static constexpr std::uint32_t kBits = 9;

  /// False when it is not a code, or has symbols over 15.
  bool build(const HuffmanSpec& spec);

  /// Reads a difference, at most 31 bits, which must be available. False: not a code.
  THUMBMILL_INLINE bool read(BitReader& reader, std::int32_t& difference) const {
    const Entry entry = quick_[reader.peek(kBits)];
    std::uint32_t length = entry.length;
    std::uint32_t size = entry.size;
    if (length == 0) [[unlikely]] {
      const auto found = code_.find(reader.peek(16));
      if (found.length == 0) return false;
      length = found.length;
      size = found.symbol;
    }
    difference = extend(reader.bits << length, size);
    reader.skip(length + size);
    return true;
  }

 private:
  struct Entry {
    std::uint8_t length = 0;
    std::uint8_t size = 0;
  };
  std::array<Entry, 1 << kBits> quick_{};
  CanonicalCode code_;
};

/// AC coefficients (T.81 F.2.2.2).
class AcTable {
 public:
  /// Two of these tables fill half of a level-1 cache. docs/jpeg-kernel.md has what other sizes
  /// cost.
  static constexpr std::uint32_t kSkipBits = 12;
  /// What one look-up may step over, so that a refill is enough for three.
  static constexpr std::uint32_t kMaxSkip = 18;
  static constexpr std::uint32_t kReadBits = 10;

  /// False when it is not a code. `with_values`: read() will be called, not skip_rest() alone.
  bool build(const HuffmanSpec& spec, bool with_values);

  /// Steps over the rest of a block from coefficient `k` (zigzag), 1 to 64. Needs nothing
  /// available. False: not a code, or past the block's end.
  THUMBMILL_INLINE bool skip_rest(BitReader& reader, std::uint32_t k) const {
    while (true) {
      reader.refill();  // 56 bits: three look-ups
      std::uint32_t entry = skip_[reader.peek(kSkipBits)];
      std::uint32_t next = k + (entry >> kAdvanceShift);
      if (next < 64) {  // not a loop: compilers do not unroll it, and then it costs what it gives
        k = take(reader, entry, next);
        entry = skip_[reader.peek(kSkipBits)];
        next = k + (entry >> kAdvanceShift);
        if (next < 64) {
          k = take(reader, entry, next);
          entry = skip_[reader.peek(kSkipBits)];
          next = k + (entry >> kAdvanceShift);
          if (next < 64) {
            k = take(reader, entry, next);
            continue;
          }
        }
      }
      // The block's end: exactly at 64, or by EOB before it.
      if (next == 64 || (next >= kEob && next < kEob + 64)) [[likely]] {
        reader.skip(entry & 63);
        return true;
      }
      // A long code, or symbols taken together of which not all are this block's.
      if (!skip_symbol(reader, k)) return false;
      if (k >= 64) return k == 64;
    }
  }

  /// A code alone, without what follows it: run and size (T.81 F.1.2.2.1). Needs 16 bits available.
  /// False: not a code.
  THUMBMILL_INLINE bool read_code(BitReader& reader, std::uint32_t& run,
                                  std::uint32_t& size) const {
    ReadEntry entry = read_[reader.peek(kReadBits)];
    if (entry.taken == 0) [[unlikely]] {
      const auto found = code_.find(reader.peek(16));
      if (found.length == 0) return false;
      entry = make_entry(found.length, found.symbol);
    }
    reader.skip(entry.length);
    run = entry.run;
    size = entry.size;
    return true;
  }

  /// What read_low() may write to: a run can end so far behind `last`.
  static constexpr std::size_t values_for(std::uint32_t last) { return last + 17; }

  /// Reads coefficients up to `last` (zigzag, below 64) into `values`, of values_for(last), which
  /// is indexed by zigzag position and zero before up to `last`; steps over the rest. Needs nothing
  /// available. False: not a code, or past the block's end.
  template <std::uint32_t last>
  THUMBMILL_INLINE bool read_low(BitReader& reader, std::int16_t* values) const {
    std::uint32_t k = 1;
    bool more = true;
    while (more && k <= last) {
      reader.refill();  // two look-ups of at most 10 + 15
      if (!read_symbol(reader, k, values, more)) [[unlikely]]
        return false;
      if (!more || k > last) break;
      if (reader.count < 31) reader.refill();  // only behind a long code
      if (!read_symbol(reader, k, values, more)) [[unlikely]]
        return false;
    }
    if (!more) return true;
    if (k >= 64) return k == 64;
    return skip_rest(reader, k);
  }

 private:
  // An entry holds how many bits to step over (low 6) and how many coefficients (the rest). EOB
  // counts as 128 of these, a code that is not in the table as 512, so that one comparison tells
  // both from what goes on.
  static constexpr std::uint32_t kAdvanceShift = 6;
  static constexpr std::uint32_t kEob = 128;
  static constexpr std::uint32_t kSlow = 512;

  // A code with what follows from it; of `taken` 0 when it is not in the table.
  struct ReadEntry {
    std::uint8_t taken = 0;   // bits of code and value
    std::uint8_t length = 0;  // of the code
    std::uint8_t size = 0;
    std::uint8_t run = 0;
  };

  static ReadEntry make_entry(std::uint32_t length, std::uint32_t symbol) {
    const std::uint32_t size = symbol & 15;
    return {static_cast<std::uint8_t>(length + size), static_cast<std::uint8_t>(length),
            static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(symbol >> 4)};
  }

  // One symbol from 31 bits. `more` becomes false at the end of the block.
  THUMBMILL_INLINE bool read_symbol(BitReader& reader, std::uint32_t& k, std::int16_t* values,
                                    bool& more) const {
    ReadEntry entry = read_[reader.peek(kReadBits)];
    if (entry.taken == 0) [[unlikely]] {
      const auto found = code_.find(reader.peek(16));
      if (found.length == 0) return false;
      entry = make_entry(found.length, found.symbol);
    }
    const std::uint64_t value = reader.bits << entry.length;
    reader.skip(entry.taken);
    k += entry.run;
    if (entry.size == 0) [[unlikely]] {
      more = entry.run == 15;
    } else {
      values[k] = static_cast<std::int16_t>(extend(value, entry.size));
    }
    ++k;
    return true;
  }

  THUMBMILL_INLINE static std::uint32_t take(BitReader& reader, std::uint32_t entry,
                                             std::uint32_t next) {
    reader.skip(entry & 63);
    return next;
  }

  bool skip_symbol(BitReader& reader, std::uint32_t& k) const;

  std::array<std::uint16_t, 1 << kSkipBits> skip_;
  std::array<ReadEntry, 1 << kReadBits> read_;
  CanonicalCode code_;
};

}  // namespace thumbmill::jpeg
