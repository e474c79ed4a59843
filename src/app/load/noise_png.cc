// make_noise_png(): PNG (third edition) with stored deflate blocks (RFC 1951, section 3.2.4).
#include <algorithm>
#include <array>

#include "app/load/load.h"

namespace thumbmill {
namespace {

constexpr std::size_t kStoredBlock = 65'535;

std::uint32_t crc32(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
      entries[i] = c;
    }
    return entries;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return crc ^ 0xffffffffu;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1, b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65'521;
    b = (b + a) % 65'521;
  }
  return b << 16 | a;
}

void append_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_be32(out, static_cast<std::uint32_t>(data.size()));
  std::string body(type);
  body += data;
  out += body;
  append_be32(out, crc32(body));
}

std::string zlib_stored(std::string_view data) {
  std::string out("\x78\x01", 2);
  for (std::size_t at = 0; at < data.size(); at += kStoredBlock) {
    const std::string_view block = data.substr(at, kStoredBlock);
    const auto size = static_cast<std::uint16_t>(block.size());
    out.push_back(at + kStoredBlock >= data.size() ? '\1' : '\0');
    for (const auto value : {size, static_cast<std::uint16_t>(~size)}) {
      out.push_back(static_cast<char>(value & 0xff));
      out.push_back(static_cast<char>(value >> 8));
    }
    out += block;
  }
  append_be32(out, adler32(data));
  return out;
}

}  // namespace

std::string make_noise_png(std::uint32_t width_px, std::uint32_t height_px, Random& random) {
  std::string rows;
  for (std::uint32_t y = 0; y < height_px; ++y) {
    rows.push_back('\0');  // filter: none
    for (std::uint32_t x = 0; x < width_px * 3; ++x)
      rows.push_back(static_cast<char>(random.next_u64()));
  }
  std::string header;
  append_be32(header, width_px);
  append_be32(header, height_px);
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8-bit RGB, not interlaced
  std::string png("\x89PNG\r\n\x1a\n");
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", zlib_stored(rows));
  append_chunk(png, "IEND", {});
  return png;
}

}  // namespace thumbmill
