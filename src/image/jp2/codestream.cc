#include "image/jp2/codestream.h"

#include <algorithm>

#include <fmt/format.h>

#include "image/jp2/bytes.h"

namespace thumbmill::jp2 {
namespace {

// Table A.2.
constexpr std::uint16_t kSoc = 0xff4f, kSiz = 0xff51, kCod = 0xff52, kCoc = 0xff53, kSot = 0xff90;

constexpr std::uint32_t kMostBits = 31;  // that OpenJPEG decodes; the standard allows 38
constexpr std::uint32_t kMostLevels = 32;

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

std::uint32_t ceil_div(std::uint32_t value, std::uint32_t by) {
  return static_cast<std::uint32_t>((std::uint64_t{value} + by - 1) / by);
}

Status read_components(Bytes& bytes, Codestream& made) {
  const std::uint16_t count = bytes.u16();
  if (count == 0) return corrupt("a JPEG 2000 without components");
  if (count > kMostComponents) {
    return Status(
        Code::unsupported,
        fmt::format("a JPEG 2000 with {} components; at most {} are read", count, kMostComponents));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t depth = bytes.u8();
    Component component;
    component.bits = (depth & 0x7fu) + 1;
    component.is_signed = (depth & 0x80) != 0;
    component.dx = bytes.u8();
    component.dy = bytes.u8();
    if (bytes.failed() || component.dx == 0 || component.dy == 0) {
      return corrupt("a JPEG 2000 component");
    }
    if (component.bits > kMostBits) {
      return Status(Code::unsupported,
                    fmt::format("a JPEG 2000 with {} bits a sample", component.bits));
    }
    made.components.push_back(component);
  }
  return Status();
}

// A.5.1: the first tile contains the picture's left top, and no tile is empty.
Status read_size(std::string_view segment, Codestream& made) {
  Bytes bytes(segment);
  bytes.u16();  // capabilities
  made.right = bytes.u32();
  made.bottom = bytes.u32();
  made.left = bytes.u32();
  made.top = bytes.u32();
  made.tile_width = bytes.u32();
  made.tile_height = bytes.u32();
  const std::uint32_t tile_left = bytes.u32();
  const std::uint32_t tile_top = bytes.u32();
  RETURN_IF_ERROR(read_components(bytes, made));
  const auto contains = [](std::uint32_t from, std::uint32_t size, std::uint32_t point) {
    return from <= point && std::uint64_t{from} + size > point;
  };
  if (made.right <= made.left || made.bottom <= made.top ||
      !contains(tile_left, made.tile_width, made.left) ||
      !contains(tile_top, made.tile_height, made.top)) {
    return corrupt("a JPEG 2000's size");
  }
  made.tiles = std::uint64_t{ceil_div(made.right - tile_left, made.tile_width)} *
               ceil_div(made.bottom - tile_top, made.tile_height);
  for (const Component& c : made.components) {
    if (ceil_div(made.right, c.dx) <= ceil_div(made.left, c.dx) ||
        ceil_div(made.bottom, c.dy) <= ceil_div(made.top, c.dy)) {
      return corrupt("a JPEG 2000 component without samples");
    }
  }
  return Status();
}

// Table A.15 (SPcod) and A.23 (SPcoc), which are the same.
void read_coding_style(Bytes& bytes, bool has_precincts, Codestream& made) {
  const std::uint32_t levels = bytes.u8();
  const std::uint32_t log_area = (bytes.u8() & 0xfu) + (bytes.u8() & 0xfu) + 4;
  bytes.u16();                                         // style and transform
  if (bytes.failed() || levels > kMostLevels) return;  // the decoder's matter
  made.levels = std::min(made.levels, levels);
  made.block_area = std::min(made.block_area, std::uint64_t{1} << std::min(log_area, 30u));
  for (std::uint32_t i = 0; has_precincts && i <= levels && !bytes.rest().empty(); ++i) {
    const std::uint8_t sides = bytes.u8();
    const std::uint32_t log_precinct = (sides & 0xfu) + (sides >> 4);
    // The lowest level is one precinct in any case.
    if (i > 0) made.precinct_area = std::min(made.precinct_area, std::uint64_t{1} << log_precinct);
  }
}

void read_cod(std::string_view segment, Codestream& made) {
  Bytes bytes(segment);
  const std::uint8_t style = bytes.u8();
  bytes.u8();  // progression
  made.layers = std::max<std::uint32_t>(bytes.u16(), 1);
  bytes.u8();  // component transform
  read_coding_style(bytes, (style & 1) != 0, made);
}

void read_coc(std::string_view segment, Codestream& made) {
  Bytes bytes(segment);
  bytes.u8();  // component: one byte for fewer than 257
  const std::uint8_t style = bytes.u8();
  read_coding_style(bytes, (style & 1) != 0, made);
}

}  // namespace

std::uint32_t Codestream::pixel_width() const {
  std::uint32_t least = 255;
  for (const Component& c : components) least = std::min(least, c.dx);
  return least;
}

std::uint32_t Codestream::pixel_height() const {
  std::uint32_t least = 255;
  for (const Component& c : components) least = std::min(least, c.dy);
  return least;
}

std::uint32_t Codestream::width() const {
  return ceil_div(right, pixel_width()) - ceil_div(left, pixel_width());
}

std::uint32_t Codestream::height() const {
  return ceil_div(bottom, pixel_height()) - ceil_div(top, pixel_height());
}

Result<Codestream> read_codestream(std::string_view codestream) {
  Bytes bytes(codestream);
  if (bytes.u16() != kSoc || bytes.u16() != kSiz) return corrupt("no JPEG 2000 codestream");
  Codestream made;
  made.levels = kMostLevels;
  bool has_style = false;
  for (std::uint16_t marker = kSiz; marker != kSot; marker = bytes.u16()) {
    const std::uint16_t length = bytes.u16();
    if (bytes.failed() || length < 2) return corrupt("a JPEG 2000's main header");
    const std::string_view segment = bytes.view(length - 2u);
    if (bytes.failed()) return corrupt("a JPEG 2000's main header is cut off");
    if (marker == kSiz) {
      if (!made.components.empty()) return corrupt("a JPEG 2000 with two sizes");
      RETURN_IF_ERROR(read_size(segment, made));
    } else if (marker == kCod) {
      read_cod(segment, made);
      has_style = true;
    } else if (marker == kCoc) {
      read_coc(segment, made);
    }
  }
  if (!has_style) return corrupt("a JPEG 2000 without a coding style");
  if (made.tiles > kMostTiles) {
    return Status(Code::too_large, fmt::format("the image has {} tiles; at most {} are read",
                                               made.tiles, kMostTiles));
  }
  return made;
}

}  // namespace thumbmill::jp2
