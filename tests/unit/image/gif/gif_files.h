// GIF files made for tests, as GIF89a has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace thumbmill {

/// LZW codes (GIF89a appendix F) of `indices`, each below 2^literal_bits, in sub-blocks.
inline std::string gif_codes(std::string_view indices, unsigned literal_bits) {
  const unsigned clear = 1u << literal_bits;
  std::string packed;
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  unsigned code_bits = literal_bits + 1;
  const auto put = [&](unsigned code) {
    bits |= code << bit_count;
    for (bit_count += code_bits; bit_count >= 8; bit_count -= 8, bits >>= 8) {
      packed.push_back(static_cast<char>(bits));
    }
  };
  std::map<std::string, unsigned, std::less<>> codes;
  const auto begin = [&] {
    put(clear);
    codes.clear();
    for (unsigned i = 0; i < clear; ++i) codes[std::string(1, static_cast<char>(i))] = i;
    code_bits = literal_bits + 1;
  };
  begin();
  std::string held;
  for (const char index : indices) {
    if (codes.contains(held + index)) {
      held += index;
      continue;
    }
    put(codes[held]);
    const unsigned next = static_cast<unsigned>(codes.size()) + 2;
    if (next == 4096) {
      begin();
    } else {
      codes[held + index] = next;
      if (next == 1u << code_bits && code_bits < 12) ++code_bits;
    }
    held = index;
  }
  if (!held.empty()) put(codes[held]);
  // The decoder makes an entry of the last code, too.
  if (codes.size() + 2 == 1u << code_bits && code_bits < 12) ++code_bits;
  put(clear + 1);
  if (bit_count > 0) packed.push_back(static_cast<char>(bits));
  std::string blocks;
  for (std::size_t at = 0; at < packed.size(); at += 255) {
    const std::string block = packed.substr(at, 255);
    blocks += static_cast<char>(block.size()) + block;
  }
  return blocks + '\0';
}

inline std::string le16(unsigned value) {
  return {static_cast<char>(value), static_cast<char>(value >> 8)};
}

/// Eight colours: black, white, red, green, blue, yellow, cyan, magenta.
inline const std::string kGifPalette(
    "\0\0\0\xff\xff\xff\xff\0\0\0\xff\0\0\0\xff\xff\xff\0\0\xff\xff"
    "\xff\0\xff",
    24);

/// Signature and logical screen, with `palette` of 2, 4, 8... entries, or without.
inline std::string gif_screen(unsigned width, unsigned height,
                              const std::string& palette = kGifPalette) {
  unsigned bits = 0;
  while (std::size_t{6} << bits < palette.size()) ++bits;
  const auto flags = static_cast<char>(palette.empty() ? 0 : 0x80 | bits);
  return "GIF89a" + le16(width) + le16(height) + flags + std::string(2, '\0') + palette;
}

/// A graphic control extension that makes an index clear.
inline std::string gif_clear_index(unsigned index) {
  return std::string("\x21\xf9\4\1\0\0", 6) + static_cast<char>(index) + '\0';
}

/// An image descriptor; `flags` are interlace (0x40) and a local palette (0x80 and its size).
inline std::string gif_descriptor(unsigned left, unsigned top, unsigned width, unsigned height,
                                  unsigned flags = 0) {
  return "," + le16(left) + le16(top) + le16(width) + le16(height) + static_cast<char>(flags);
}

/// Digits as indices.
inline std::string gif_indices(std::string digits) {
  for (char& digit : digits) digit = static_cast<char>(digit - '0');
  return digits;
}

/// The code size and the codes of indices below 8, written as digits.
inline std::string gif_pixels(const std::string& digits) {
  return '\3' + gif_codes(gif_indices(digits), 3);
}

}  // namespace thumbmill
