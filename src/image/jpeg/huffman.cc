#include "image/jpeg/huffman.h"

#include <algorithm>
#include <vector>

namespace thumbmill::jpeg {
namespace {

// Calls `set(bits, length, symbol)` for each pattern of `width` bits that begins with a code.
template <typename Set>
void for_each_prefix(const HuffmanSpec& spec, std::uint32_t width, Set set) {
  std::uint32_t code = 0;
  std::size_t k = 0;
  for (std::uint32_t length = 1; length <= width; ++length, code <<= 1) {
    for (std::uint32_t i = 0; i < spec.counts[length - 1]; ++i, ++code, ++k) {
      const std::uint32_t spare = width - length;
      for (std::uint32_t rest = 0; rest < 1u << spare; ++rest) {
        set((code << spare) + rest, length, spec.symbols[k]);
      }
    }
  }
}

}  // namespace

std::optional<CanonicalCode> make_code(const HuffmanSpec& spec) {
  if (!spec.defined) return std::nullopt;
  CanonicalCode made;
  made.symbols = spec.symbols;
  std::int32_t code = 0;
  std::int32_t k = 0;
  for (std::size_t length = 1; length <= 16; ++length, code <<= 1) {
    const std::int32_t count = spec.counts[length - 1];
    // More codes than bits can tell apart; all ones is none (T.81 C.2).
    if (count > 0 && code + count >= std::int32_t{1} << length) return std::nullopt;
    made.offset[length] = k - code;
    code += count;
    k += count;
    made.last[length] = count > 0 ? code - 1 : -1;
  }
  return made;
}

CanonicalCode::Found CanonicalCode::find(std::uint32_t bits16) const {
  for (std::uint32_t length = 1; length <= 16; ++length) {
    const auto code = static_cast<std::int32_t>(bits16 >> (16 - length));
    if (code <= last[length]) {
      const auto at = static_cast<std::size_t>(code + offset[length]);
      return {length, symbols[at & 255]};
    }
  }
  return {};
}

bool DcTable::build(const HuffmanSpec& spec) {
  const std::optional<CanonicalCode> code = make_code(spec);
  if (!code) return false;
  std::size_t total = 0;
  for (const std::uint8_t count : spec.counts) total += count;
  for (std::size_t i = 0; i < total; ++i) {
    if (spec.symbols[i] > 15) return false;
  }
  code_ = *code;
  quick_.fill({});
  for_each_prefix(spec, kBits, [&](std::uint32_t bits, std::uint32_t length, std::uint8_t symbol) {
    quick_[bits] = {static_cast<std::uint8_t>(length), symbol};
  });
  return true;
}

bool AcTable::build(const HuffmanSpec& spec, bool with_values) {
  const std::optional<CanonicalCode> code = make_code(spec);
  if (!code) return false;
  code_ = *code;
  if (with_values) {
    read_.fill({});
    for_each_prefix(spec, kReadBits,
                    [&](std::uint32_t bits, std::uint32_t length, std::uint8_t symbol) {
                      read_[bits] = make_entry(length, symbol);
                    });
  }
  // First each pattern's first symbol, then what follows it, which is looked up in the same way.
  std::vector<ReadEntry> first(1 << kSkipBits);
  for_each_prefix(spec, kSkipBits,
                  [&](std::uint32_t bits, std::uint32_t length, std::uint8_t symbol) {
                    first[bits] = make_entry(length, symbol);
                  });
  for (std::uint32_t bits = 0; bits < skip_.size(); ++bits) {
    std::uint32_t used = 0;
    std::uint32_t advance = 0;
    while (used < kSkipBits) {
      const ReadEntry entry = first[(bits << used) & ((1u << kSkipBits) - 1)];
      if (entry.length == 0 || entry.length > kSkipBits - used) break;
      const std::uint32_t size = entry.size;
      const std::uint32_t run = entry.run;
      if (advance + run + 1 > 64) break;
      // Only the first may have additional bits that are not in the pattern.
      if (advance > 0 && used + entry.length + size > kSkipBits) break;
      if (used + entry.length + size > kMaxSkip) break;
      used += entry.length + size;
      if (size == 0 && run != 15) {
        advance += kEob;
        break;
      }
      advance += run + 1;
    }
    skip_[bits] = static_cast<std::uint16_t>(used == 0 ? kSlow << kAdvanceShift
                                                       : used | advance << kAdvanceShift);
  }
  return true;
}

bool AcTable::skip_symbol(BitReader& reader, std::uint32_t& k) const {
  reader.refill();
  const auto found = code_.find(reader.peek(16));
  if (found.length == 0) return false;
  const std::uint32_t size = found.symbol & 15;
  const std::uint32_t run = found.symbol >> 4;
  reader.skip(found.length + size);
  k = size == 0 && run != 15 ? 64 : k + run + 1;
  return true;
}

}  // namespace thumbmill::jpeg
