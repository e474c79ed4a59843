#include "image/jp2/codestream.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "image/jp2/bytes.h"

namespace thumbmill::jp2 {
namespace {

constexpr std::uint16_t kFirstMarker = 0xff00;
// Table A.2.
constexpr std::uint16_t kSoc = 0xff4f, kCap = 0xff50, kSiz = 0xff51, kCod = 0xff52, kCoc = 0xff53,
                        kTlm = 0xff55, kPlm = 0xff57, kPlt = 0xff58, kCpf = 0xff59, kQcd = 0xff5c,
                        kQcc = 0xff5d, kRgn = 0xff5e, kPoc = 0xff5f, kPpm = 0xff60, kPpt = 0xff61,
                        kCrg = 0xff63, kCom = 0xff64, kSot = 0xff90, kSod = 0xff93;
// ISO/IEC 15444-2.
constexpr std::uint16_t kMct = 0xff74, kMcc = 0xff75, kMco = 0xff77, kCbd = 0xff78;

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

// Parts of `size` that are 2^log long.
double parts(double size, std::uint32_t log) {
  return std::ceil(std::ldexp(size, -static_cast<int>(log)));
}

// What a component of a tile is divided into, B.5 to B.7.
struct Division {
  std::uint32_t block_width_log = 0, block_height_log = 0;
  double blocks = 0, precincts = 0;

  // Adds a resolution level that has `above` others above it. `sides` of its precincts are as in a
  // coding style.
  void add_level(const Codestream& stream, std::uint32_t above, bool lowest, std::uint32_t sides) {
    // All levels but the lowest are three bands of half the level's sides, which goes for precincts
    // as well.
    const std::uint32_t bands = lowest ? 1 : 3, halved = lowest ? 0 : 1;
    const double width =
        parts(std::min(stream.tile_width, stream.right - stream.left), above + halved);
    const double height =
        parts(std::min(stream.tile_height, stream.bottom - stream.top), above + halved);
    const std::uint32_t across = std::max(sides & 0xfu, halved) - halved;
    const std::uint32_t down = std::max(sides >> 4, halved) - halved;
    precincts += bands * parts(width, across) * parts(height, down);
    blocks += bands * parts(width, std::min(across, block_width_log)) *
              parts(height, std::min(down, block_height_log));
  }
};

// Table A.15 (SPcod) and A.23 (SPcoc), which are the same.
void read_coding_style(Bytes& bytes, bool has_precincts, Codestream& made) {
  const std::uint32_t levels = bytes.u8();
  Division division;
  division.block_width_log = (bytes.u8() & 0xfu) + 2;
  division.block_height_log = (bytes.u8() & 0xfu) + 2;
  bytes.u16();                                         // style and transform
  if (bytes.failed() || levels > kMostLevels) return;  // the decoder's matter
  made.levels = std::min(made.levels, levels);
  constexpr std::uint32_t kLargest = 0xff;
  for (std::uint32_t i = 0; i <= levels; ++i) {
    const bool has_sides = has_precincts && !bytes.rest().empty();
    division.add_level(made, levels - i, i == 0, has_sides ? bytes.u8() : kLargest);
  }
  const auto raise = [](std::uint64_t& most, double count) {
    constexpr double kFar = 1e12;
    most = std::max(most, static_cast<std::uint64_t>(std::min(count, kFar)));
  };
  raise(made.blocks, division.blocks);
  raise(made.precincts, division.precincts);
}

// COD and COC, A.6.1 and A.6.2.
void read_style(std::uint16_t marker, std::string_view segment, Codestream& made) {
  Bytes bytes(segment);
  if (marker == kCoc) bytes.u8();  // component: one byte for fewer than 257
  const std::uint8_t style = bytes.u8();
  if (marker == kCod) bytes.u32();  // progression, layers, component transform
  if (marker == kCod || marker == kCoc) read_coding_style(bytes, (style & 1) != 0, made);
}

// What OpenJPEG knows. Of any other it does not step over the segment, but looks for the next
// marker in it, so that a header could be hidden from us there.
bool is_known(std::uint16_t marker) {
  constexpr std::array kKnown{kSiz, kCod, kCoc, kCap, kRgn, kQcd, kQcc, kPoc, kTlm, kPlm,
                              kPlt, kPpm, kPpt, kCrg, kCom, kCpf, kMct, kMcc, kMco, kCbd};
  return std::find(kKnown.begin(), kKnown.end(), marker) != kKnown.end();
}

// What is behind a marker: its length and so many bytes.
std::string_view take_segment(Bytes& bytes) {
  const std::uint16_t length = bytes.u16();
  return bytes.view(length < 2 ? bytes.rest().size() + 1 : length - 2u);
}

// `rest` begins behind the first SOT marker. A tile has a coding style of its own where its first
// part says so (A.4.2, A.6.1). OpenJPEG 2.5.3 shows a file that ends in the first bytes of a part.
Status read_tile_parts(std::string_view rest, Codestream& made) {
  constexpr std::size_t kMarker = 2, kSotSegment = 10;
  while (true) {
    Bytes bytes(rest);
    const std::string_view sot = take_segment(bytes);
    if (bytes.failed()) return corrupt("a JPEG 2000 that is cut off");
    if (sot.size() != kSotSegment - 2) return {};
    const std::size_t part_bytes = Bytes(sot.substr(2)).u32();
    if (part_bytes > kMarker + rest.size()) return corrupt("a JPEG 2000 that is cut off");
    std::uint16_t marker = bytes.u16();
    for (; marker != kSod && is_known(marker); marker = bytes.u16()) {
      const std::string_view segment = take_segment(bytes);
      if (bytes.failed()) return {};
      read_style(marker, segment, made);
    }
    // Counted from its SOT; 0 for the last one.
    const std::size_t read = kMarker + rest.size() - bytes.rest().size();
    if (marker != kSod || part_bytes < read || part_bytes - kMarker == rest.size()) return {};
    Bytes next(rest.substr(part_bytes - kMarker));
    if (next.u16() != kSot) return {};
    rest = next.rest();
  }
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
    if (bytes.failed() || marker < kFirstMarker) return corrupt("a JPEG 2000's main header");
    if (!is_known(marker)) {
      return Status(Code::unsupported, "a JPEG 2000 with a marker that is not known");
    }
    const std::string_view segment = take_segment(bytes);
    if (bytes.failed()) return corrupt("a JPEG 2000's main header");
    if (marker == kSiz) {
      if (!made.components.empty()) return corrupt("a JPEG 2000 with two sizes");
      RETURN_IF_ERROR(read_size(segment, made));
    }
    has_style = has_style || marker == kCod;
    read_style(marker, segment, made);
  }
  if (!has_style) return corrupt("a JPEG 2000 without a coding style");
  if (made.tiles > kMostTiles) {
    return Status(Code::too_large, fmt::format("the image has {} tiles; at most {} are read",
                                               made.tiles, kMostTiles));
  }
  const std::uint32_t levels = made.levels;
  RETURN_IF_ERROR(
      read_tile_parts(codestream.substr(codestream.size() - bytes.rest().size()), made));
  // Fewer levels in a tile are a matter of the attempt to decode it.
  made.levels = levels;
  return made;
}

}  // namespace thumbmill::jp2
