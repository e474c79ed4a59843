// Bitmaps made for tests: headers of Microsoft and IBM, and pixels as the test writes them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace thumbmill {

inline std::string le(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    text.push_back(i < sizeof value ? static_cast<char>(value >> (8 * i)) : '\0');
  }
  return text;
}

inline std::string bytes_of(std::initializer_list<unsigned> values) {
  std::string text;
  for (const unsigned value : values) text.push_back(static_cast<char>(value));
  return text;
}

struct BmpHeader {
  unsigned header_bytes = 40;
  int width = 2;
  int height = 2;
  unsigned bits = 24;
  unsigned compression = 0;
  unsigned palette_entries = 0;  // as announced
  std::string masks = {};        // of 52 bytes and more: within the header; else behind it
};

/// The information header with what belongs behind it.
inline std::string dib_header(const BmpHeader& header) {
  if (header.header_bytes == 12) {
    return le(12, 4) + le(static_cast<unsigned>(header.width), 2) +
           le(static_cast<unsigned>(header.height), 2) + le(1, 2) + le(header.bits, 2);
  }
  std::string bytes = le(header.header_bytes, 4) + le(static_cast<std::uint32_t>(header.width), 4) +
                      le(static_cast<std::uint32_t>(header.height), 4) + le(1, 2) +
                      le(header.bits, 2) + le(header.compression, 4) + std::string(12, '\0') +
                      le(header.palette_entries, 4) + std::string(4, '\0') + header.masks;
  if (header.header_bytes != 40) bytes.resize(header.header_bytes);
  return bytes;
}

/// A whole file. `behind` is the palette, or nothing.
inline std::string bmp_file(const BmpHeader& header, const std::string& behind,
                            const std::string& pixels) {
  const std::string headers = dib_header(header) + behind;
  return "BM" + le(14 + headers.size() + pixels.size(), 4) + le(0, 4) + le(14 + headers.size(), 4) +
         headers + pixels;
}

/// Black, white, red, green, blue, yellow: entries of 4 bytes, or 3.
inline std::string bmp_palette(std::size_t entry_bytes = 4, std::size_t entries = 6) {
  constexpr unsigned kColors[6][3] = {{0, 0, 0},   {255, 255, 255}, {0, 0, 255},
                                      {0, 255, 0}, {255, 0, 0},     {0, 255, 255}};
  std::string palette;
  for (std::size_t i = 0; i < entries; ++i) {
    for (const unsigned value : kColors[i % 6]) palette.push_back(static_cast<char>(value));
    if (entry_bytes == 4) palette.push_back('\0');
  }
  return palette;
}

}  // namespace thumbmill
