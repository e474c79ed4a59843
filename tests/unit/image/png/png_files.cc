#include "png_files.h"

#include <algorithm>
#include <cstdlib>

#include <zlib.h>

#include "base/status.h"

namespace thumbmill {
namespace {

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

// PNG 3rd edition 9.4, by its letter.
int paeth_by_distance(int left, int above, int corner) {
  const int p = left + above - corner;
  const int from_left = std::abs(p - left);
  const int from_above = std::abs(p - above);
  const int from_corner = std::abs(p - corner);
  if (from_left <= from_above && from_left <= from_corner) return left;
  return from_above <= from_corner ? above : corner;
}

}  // namespace

std::string random_bytes(std::size_t count, std::uint32_t seed) {
  std::string bytes(count, '\0');
  std::uint32_t state = seed * 2654435761u + 12345;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string checked = std::string(type) + std::string(data);
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + checked +
         big_endian(static_cast<std::uint32_t>(crc));
}

std::string png_header_chunk(const PngHeader& header, char interlace) {
  return png_chunk("IHDR", big_endian(header.width_px) + big_endian(header.height_px) +
                               static_cast<char>(header.depth_bits) +
                               static_cast<char>(header.color) + std::string(2, '\0') + interlace);
}

std::string zlib_stream(std::string_view bytes, int window_bits) {
  z_stream zlib{};
  THUMBMILL_CHECK(deflateInit2(&zlib, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&zlib, bytes.size()), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  THUMBMILL_CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

std::string filter_rows(const PngHeader& header, std::string_view pixels,
                        const std::vector<int>& filters) {
  const std::size_t bytes = header.row_bytes();
  const std::size_t pixel = header.filter_pixel_bytes();
  std::string out;
  for (std::size_t y = 0; y < header.height_px; ++y) {
    const int filter = filters[y % filters.size()];
    out += static_cast<char>(filter);
    for (std::size_t i = 0; i < bytes; ++i) {
      const auto at = [&](std::size_t row, std::size_t byte) {
        return static_cast<int>(static_cast<unsigned char>(pixels[row * bytes + byte]));
      };
      const int left = i >= pixel ? at(y, i - pixel) : 0;
      const int above = y > 0 ? at(y - 1, i) : 0;
      const int corner = i >= pixel && y > 0 ? at(y - 1, i - pixel) : 0;
      const int predicted[] = {0, left, above, (left + above) / 2,
                               paeth_by_distance(left, above, corner)};
      out += static_cast<char>(at(y, i) - predicted[filter]);
    }
  }
  return out;
}

std::string png_file(const PngFile& file) {
  std::string out = "\x89PNG\r\n\x1a\n" + png_header_chunk(file.header) + file.chunks_in_front;
  if (!file.palette.empty()) out += png_chunk("PLTE", file.palette);
  if (!file.transparency.empty()) out += png_chunk("tRNS", file.transparency);
  const std::string data = zlib_stream(filter_rows(file.header, file.pixels, file.filters));
  for (std::size_t at = 0; at < data.size(); at += file.data_bytes) {
    out += png_chunk("IDAT", std::string_view(data).substr(at, file.data_bytes));
  }
  return out + png_chunk("IEND", "");
}

PngFile random_png(PngColor color, int depth_bits, std::uint32_t width_px, std::uint32_t height_px,
                   std::uint32_t seed) {
  PngFile file;
  file.header = {width_px, height_px, static_cast<std::uint8_t>(depth_bits), color};
  file.pixels = random_bytes(file.header.row_bytes() * height_px, seed);
  if (color == PngColor::palette) {
    file.palette = random_bytes(3 * (std::size_t{1} << depth_bits), seed + 1);
  }
  return file;
}

}  // namespace thumbmill
