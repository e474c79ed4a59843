// The PNG reader of image/png. Checksums would keep a fuzzer outside, so the first byte of the
// input says how the rest becomes a file: 0, as it is; 1, as chunks without CRCs, which are put
// right; 2, the same, with what is in IDAT compressed here; else as a header in seven bytes, a
// palette, and rows for it, compressed here, interlaced or cut where the first byte says so.
#include <algorithm>
#include <string>

#include <libdeflate.h>

#include "base/status.h"
#include "fuzz_target.h"
#include "image/png/color_chunks.h"
#include "image/png/reader.h"
#include "image/png/samples.h"

using namespace thumbmill;

namespace {

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string chunk(std::string_view type, std::string_view data) {
  const std::string checked = std::string(type) + std::string(data);
  return big_endian(static_cast<std::uint32_t>(data.size())) + checked +
         big_endian(libdeflate_crc32(0, checked.data(), checked.size()));
}

std::size_t cut_byte(std::string_view& rest) {
  if (rest.empty()) return 0;
  const auto byte = static_cast<unsigned char>(rest[0]);
  rest.remove_prefix(1);
  return byte;
}

std::string_view cut(std::string_view& rest, std::size_t count) {
  const std::string_view front = rest.substr(0, count);
  rest.remove_prefix(front.size());
  return front;
}

std::string compressed(std::string_view bytes) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(1);
  THUMBMILL_CHECK(compressor != nullptr);
  std::string data(libdeflate_zlib_compress_bound(compressor, bytes.size()), '\0');
  data.resize(
      libdeflate_zlib_compress(compressor, bytes.data(), bytes.size(), data.data(), data.size()));
  libdeflate_free_compressor(compressor);
  return data;
}

// Pieces of a type, a length in two bytes, and data.
std::string with_checksums(std::string_view rest, bool compress) {
  std::string file = "\x89PNG\r\n\x1a\n";
  while (rest.size() >= 6) {
    const std::string_view type = cut(rest, 4);
    const std::size_t length = cut_byte(rest) << 8;
    const std::string_view data = cut(rest, length | cut_byte(rest));
    file += compress && type == "IDAT" ? chunk(type, compressed(data)) : chunk(type, data);
  }
  return file;
}

std::string around_rows(std::string_view rest, bool interlaced, bool cut_off) {
  const std::size_t width = 1 + cut_byte(rest);
  const std::size_t height = 1 + cut_byte(rest);
  const auto depth = static_cast<char>(1 << cut_byte(rest) % 5);
  const auto color = static_cast<char>(cut_byte(rest) % 7);
  std::string file = "\x89PNG\r\n\x1a\n";
  std::string header = big_endian(static_cast<std::uint32_t>(width)) +
                       big_endian(static_cast<std::uint32_t>(height)) + depth + color;
  file += chunk("IHDR", header + std::string(2, '\0') + (interlaced ? '\1' : '\0'));
  const std::size_t palette = cut_byte(rest);
  const std::size_t transparency = cut_byte(rest);
  const std::size_t piece = 1 + cut_byte(rest);
  if (palette > 0) file += chunk("PLTE", cut(rest, 3 * palette));
  if (transparency > 0) file += chunk("tRNS", cut(rest, transparency));
  // Rows that the input does not have are zeros, or are not there. Passes have more filter bytes.
  const std::size_t channels = color == 2 ? 3 : color == 4 ? 2 : color == 6 ? 4 : 1;
  const auto depth_bits = static_cast<std::size_t>(depth);
  const std::size_t whole = height * ((width * channels * depth_bits + 7) / 8 + 1);
  std::string rows(rest);
  if (!cut_off) rows.resize(interlaced ? 2 * whole : whole);
  const std::string data = compressed(rows);
  for (std::string_view left = data; !left.empty();) {
    file += chunk("IDAT", cut(left, left.size() > 4000 ? 4000 : piece));
  }
  return file + chunk("IEND", "");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz_text(data, size);
  const std::size_t way = cut_byte(input);
  const std::size_t side = 1 + cut_byte(input) % 9;
  const std::string file = way == 0   ? std::string(input)
                           : way <= 2 ? with_checksums(input, way == 2)
                                      : around_rows(input, way % 3 == 1, way % 4 == 1);
  const auto parts = take_png_apart(file);
  if (!parts.ok()) return 0;
  const PngHeader& header = parts->header;
  const PngSampleShape shape = png_sample_shape(*parts);
  const PngColors colors = png_colors(parts->colors, shape.channels < 3);
  THUMBMILL_CHECK(colors.profile.size() <= 4u << 20);
  constexpr std::uint32_t kMostSide = 4096;
  constexpr std::uint64_t kMostPixels = 1 << 18;
  if (header.width_px > kMostSide || header.height_px > kMostSide ||
      std::uint64_t{header.width_px} * header.height_px > kMostPixels) {
    return 0;
  }
  const auto at_once = read_png(*parts, side);
  const auto in_bands = read_png(*parts, side, nullptr, 0);
  THUMBMILL_CHECK(at_once.has_value() == in_bands.has_value());
  if (!at_once) return 0;
  THUMBMILL_CHECK(at_once->has_alpha || !shape.has_alpha);
  for (std::size_t i = 0; i < at_once->planes.size(); ++i) {
    const planar::Plane& plane = at_once->planes[i];
    THUMBMILL_CHECK(plane.samples == in_bands->planes[i].samples);
    THUMBMILL_CHECK(plane.samples.size() == plane.stride * plane.height);
    THUMBMILL_CHECK(plane.width == (header.width_px + side - 1) / side);
  }
  return 0;
}
