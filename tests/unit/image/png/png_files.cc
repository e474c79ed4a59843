#include "png_files.h"

#include <algorithm>
#include <cstdlib>

#include <zlib.h>

#include "base/status.h"

namespace thumbmill {
namespace {

// PNG 3rd edition 9.4, by its letter.
int paeth_by_distance(int left, int above, int corner) {
  const int p = left + above - corner;
  const int from_left = std::abs(p - left);
  const int from_above = std::abs(p - above);
  const int from_corner = std::abs(p - corner);
  if (from_left <= from_above && from_left <= from_corner) return left;
  return from_above <= from_corner ? above : corner;
}

// The rows of one pass, packed as the picture's are (PNG 3rd edition 8.1).
std::string rows_of(const Adam7Pass& pass, const PngHeader& header, const std::string& pixels) {
  const std::size_t bits = header.channels() * header.depth_bits;
  std::string rows;
  for (std::size_t y = pass.first_y; y < header.height_px; y += pass.step_y) {
    std::string row(header.row_bytes(pass.width(header)), '\0');
    std::size_t to = 0;
    for (std::size_t x = pass.first_x; x < header.width_px; x += pass.step_x) {
      for (std::size_t from = x * bits; from < (x + 1) * bits; ++from, ++to) {
        const auto byte = static_cast<unsigned char>(pixels[y * header.row_bytes() + from / 8]);
        const unsigned bit = byte >> (7 - from % 8) & 1;
        row[to / 8] = static_cast<char>(row[to / 8] | static_cast<char>(bit << (7 - to % 8)));
      }
    }
    rows += row;
  }
  return rows;
}

}  // namespace

std::string png_number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

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
  return png_number(static_cast<std::uint32_t>(data.size())) + checked +
         png_number(static_cast<std::uint32_t>(crc));
}

std::string png_header_chunk(const PngHeader& header) {
  return png_chunk("IHDR", png_number(header.width_px) + png_number(header.height_px) +
                               static_cast<char>(header.depth_bits) +
                               static_cast<char>(header.color) + std::string(2, '\0') +
                               (header.interlaced ? '\1' : '\0'));
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

std::string filtered_rows(const PngFile& file) {
  if (!file.header.interlaced) return filter_rows(file.header, file.pixels, file.filters);
  std::string rows;
  for (const Adam7Pass& pass : kAdam7) {
    PngHeader small = file.header;
    small.width_px = static_cast<std::uint32_t>(pass.width(file.header));
    small.height_px = static_cast<std::uint32_t>(pass.height(file.header));
    rows += filter_rows(small, rows_of(pass, file.header, file.pixels), file.filters);
  }
  return rows;
}

std::string png_of_chunks(const std::vector<std::string>& chunks) {
  std::string file = "\x89PNG\r\n\x1a\n";
  for (const std::string& chunk : chunks) file += chunk;
  return file;
}

std::string png_file(const PngFile& file) {
  std::string out = "\x89PNG\r\n\x1a\n" + png_header_chunk(file.header) + file.chunks_in_front;
  if (!file.palette.empty()) out += png_chunk("PLTE", file.palette);
  if (!file.transparency.empty()) out += png_chunk("tRNS", file.transparency);
  const std::string data = zlib_stream(filtered_rows(file));
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
