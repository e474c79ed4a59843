#include "image/png/container.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <libdeflate.h>

namespace thumbmill {
namespace {

constexpr std::string_view kSignature{"\x89PNG\r\n\x1a\n", 8};
constexpr std::size_t kChunkFront = 8;  // length and type; a CRC of 4 bytes is behind the data
constexpr std::uint32_t kMostBytes = 0x7fffffff;

Status corrupt(std::string detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", std::move(detail));
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

struct Chunk {
  std::string_view type;
  std::string_view data;     // what the file has of it
  std::string_view checked;  // type and data, which the CRC is of
  std::string_view crc;      // what the file has of it
  bool whole = false;        // all of the data is there

  // PNG 3rd edition 5.4.
  bool critical() const { return (static_cast<unsigned char>(type[0]) & 0x20) == 0; }
  bool crc_is_right() const {
    return whole && crc.size() == 4 &&
           libdeflate_crc32(0, checked.data(), checked.size()) == big_endian(crc);
  }
};

// The chunk that `rest` begins with, which is cut off. Nothing when there is none, or its length is
// not one (5.3).
std::optional<Chunk> next_chunk(std::string_view& rest) {
  if (rest.size() < kChunkFront) return std::nullopt;
  const std::size_t length = big_endian(rest);
  if (length > kMostBytes) return std::nullopt;
  Chunk chunk;
  chunk.type = rest.substr(4, 4);
  chunk.data = rest.substr(kChunkFront, length);
  chunk.checked = rest.substr(4, 4 + length);
  chunk.whole = chunk.data.size() == length;
  rest.remove_prefix(kChunkFront + chunk.data.size());
  chunk.crc = rest.substr(0, 4);
  rest.remove_prefix(chunk.crc.size());
  return chunk;
}

bool depth_fits(PngColor color, unsigned depth) {
  switch (color) {
    case PngColor::grey:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case PngColor::palette:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case PngColor::rgb:
    case PngColor::grey_alpha:
    case PngColor::rgb_alpha:
      return depth == 8 || depth == 16;
  }
  return false;
}

Result<PngHeader> read_header(const std::optional<Chunk>& chunk) {
  if (chunk && chunk->type == "CgBI") {
    return Status(Code::unsupported, "a PNG in Apple's own variant (CgBI) is not decoded");
  }
  if (!chunk || chunk->type != "IHDR" || chunk->data.size() != 13) return corrupt("no PNG header");
  if (!chunk->crc_is_right()) return corrupt("the CRC of a PNG's header");
  PngHeader header;
  header.width_px = big_endian(chunk->data);
  header.height_px = big_endian(chunk->data.substr(4));
  header.depth_bits = static_cast<std::uint8_t>(chunk->data[8]);
  header.color = static_cast<PngColor>(chunk->data[9]);
  header.interlaced = chunk->data[12] == 1;
  const auto side_fits = [](std::uint32_t side) { return side >= 1 && side <= kMostBytes; };
  if (!side_fits(header.width_px) || !side_fits(header.height_px)) return corrupt("a PNG's size");
  if (!depth_fits(header.color, header.depth_bits)) return corrupt("a PNG's depth and colour type");
  const bool reserved =
      chunk->data[10] != 0 || chunk->data[11] != 0 || (chunk->data[12] & 0xfe) != 0;
  if (reserved) {
    return Status(Code::unsupported, "a PNG with a method that the standard reserves");
  }
  return header;
}

// The entries that indices can name. Those of pictures without indices are a suggestion (11.2.2).
void take_palette(std::string_view data, PngParts& parts) {
  constexpr std::size_t kEntry = 3;
  if (parts.header.color != PngColor::palette || !parts.palette.empty()) return;
  const std::size_t entries =
      std::min(data.size() / kEntry, std::size_t{1} << parts.header.depth_bits);
  parts.palette = data.substr(0, entries * kEntry);
}

// 11.3.1.1. What is too long is cut, as its beginning makes sense.
void take_transparency(std::string_view data, PngParts& parts) {
  constexpr std::size_t kMost = 256;
  if (!parts.transparency.empty() || data.size() > kMost) return;
  switch (parts.header.color) {
    case PngColor::palette:
      if (!parts.palette.empty()) parts.transparency = data;
      return;
    case PngColor::grey:
    case PngColor::rgb:
      if (const std::size_t key = 2 * parts.header.channels(); data.size() >= key) {
        parts.transparency = data.substr(0, key);
      }
      return;
    default:
      return;
  }
}

// A chunk in front of the image data.
Status take_chunk(const Chunk& chunk, bool& palette_seen, PngParts& parts) {
  if (chunk.type == "PLTE") {
    // With a wrong CRC, too: without a palette there is nothing to show.
    palette_seen = true;
    take_palette(chunk.data, parts);
    return Status();
  }
  if (chunk.type == "IHDR") return corrupt("a PNG with two headers");
  if (chunk.critical()) {
    return Status(Code::unsupported, "a PNG with a critical chunk that is not known");
  }
  if (chunk.type == "tRNS") {
    if (chunk.crc_is_right()) take_transparency(chunk.data, parts);
  } else if (chunk.type == "eXIf") {
    if (parts.exif.empty() && chunk.crc_is_right()) parts.exif = chunk.data;
  } else if (chunk.type == "cICP" && palette_seen) {
    return Status();  // 5.6: it has to stand in front of PLTE
  } else if (is_color_chunk(chunk.type) && chunk.crc_is_right()) {
    take_color_chunk(chunk.type, chunk.data, parts.colors);
  }
  return Status();
}

// Nothing is told by what follows, so that nothing of it can be an error; only more image data
// matters.
void take_data(Chunk chunk, std::string_view rest, PngParts& parts) {
  for (std::optional<Chunk> next = chunk; next; next = next_chunk(rest)) {
    if (next->type == "IDAT") {
      if (!next->data.empty()) parts.data.push_back(next->data);
    } else if (next->critical()) {
      return;
    }
  }
}

}  // namespace

std::size_t PngHeader::channels() const {
  switch (color) {
    case PngColor::grey:
    case PngColor::palette:
      return 1;
    case PngColor::grey_alpha:
      return 2;
    case PngColor::rgb:
      return 3;
    case PngColor::rgb_alpha:
      return 4;
  }
  return 0;
}

std::size_t PngHeader::row_bytes(std::size_t pixels) const {
  return (pixels * channels() * depth_bits + 7) / 8;
}

std::size_t PngHeader::filter_pixel_bytes() const {
  return std::max<std::size_t>(1, channels() * depth_bits / 8);
}

std::uint64_t PngHeader::raw_bytes() const {
  if (!interlaced) return std::uint64_t{height_px} * (row_bytes() + 1);
  std::uint64_t bytes = 0;
  for (const Adam7Pass& pass : kAdam7) {
    bytes += std::uint64_t{pass.height(*this)} * (row_bytes(pass.width(*this)) + 1);
  }
  return bytes;
}

Result<PngParts> take_png_apart(std::string_view file) {
  if (!file.starts_with(kSignature)) return corrupt("no PNG signature");
  std::string_view rest = file.substr(kSignature.size());
  PngParts parts;
  ASSIGN_OR_RETURN(parts.header, read_header(next_chunk(rest)));
  bool palette_seen = false;
  while (const std::optional<Chunk> chunk = next_chunk(rest)) {
    if (chunk->type == "IEND") break;
    if (chunk->type == "IDAT") {
      take_data(*chunk, rest, parts);
      break;
    }
    RETURN_IF_ERROR(take_chunk(*chunk, palette_seen, parts));
  }
  if (parts.data.empty()) return corrupt("a PNG without image data");
  if (parts.header.color == PngColor::palette && parts.palette.empty()) {
    return corrupt("a PNG without the palette that it needs");
  }
  return parts;
}

}  // namespace thumbmill
