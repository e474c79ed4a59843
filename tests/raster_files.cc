#include "raster_files.h"

#include <cstdint>
#include <utility>

namespace thumbmill {
namespace {

using namespace std::string_literals;

std::string little_endian(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string big_endian(std::size_t value, std::size_t bytes) {
  const std::string reversed = little_endian(value, bytes);
  return {reversed.rbegin(), reversed.rend()};
}

// Blue before red; rows from the bottom on, each of a multiple of `align` bytes.
std::string bottom_up(SizePx size, const std::string& pixels, std::size_t align) {
  std::string rows;
  const std::size_t row_bytes = std::size_t{size.width} * 3;
  for (std::size_t y = size.height; y-- > 0;) {
    std::string row = pixels.substr(y * row_bytes, row_bytes);
    for (std::size_t x = 0; x < row.size(); x += 3) std::swap(row[x], row[x + 2]);
    row.resize((row_bytes + align - 1) / align * align);
    rows += row;
  }
  return rows;
}

// BITMAPINFOHEADER.
std::string info_header(SizePx size, std::size_t height) {
  return little_endian(40, 4) + little_endian(size.width, 4) + little_endian(height, 4) +
         "\1\0\x18\0"s + std::string(24, '\0');
}

}  // namespace

std::string bmp_file(SizePx size, const std::string& pixels) {
  const std::string body = info_header(size, size.height) + bottom_up(size, pixels, 4);
  return "BM" + little_endian(14 + body.size(), 4) + "\0\0\0\0"s + little_endian(54, 4) + body;
}

std::string ico_file(SizePx size, const std::string& pixels) {
  // Behind the picture a mask of a bit a pixel, of which none is set; the height counts both.
  const std::size_t mask_row = (size.width + 31) / 32 * 4;
  const std::string image = info_header(size, std::size_t{size.height} * 2) +
                            bottom_up(size, pixels, 4) + std::string(mask_row * size.height, '\0');
  return "\0\0\1\0\1\0"s + little_endian(size.width, 1) + little_endian(size.height, 1) +
         "\0\0\1\0\x18\0"s + little_endian(image.size(), 4) + little_endian(22, 4) + image;
}

std::string tga_file(SizePx size, const std::string& pixels) {
  return "\0\0\2"s + std::string(9, '\0') + little_endian(size.width, 2) +
         little_endian(size.height, 2) + "\x18\0"s + bottom_up(size, pixels, 1);
}

std::string psd_file(SizePx size, const std::string& pixels) {
  std::string planes;
  for (std::size_t band = 0; band < 3; ++band) {
    for (std::size_t i = band; i < pixels.size(); i += 3) planes.push_back(pixels[i]);
  }
  return "8BPS\0\1"s + std::string(6, '\0') + "\0\3"s + big_endian(size.height, 4) +
         big_endian(size.width, 4) + "\0\x08\0\3"s + std::string(12, '\0') + "\0\0"s + planes;
}

}  // namespace thumbmill
