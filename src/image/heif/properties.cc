#include "image/heif/properties.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "image/planar/render.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status unusual(const char* detail) {
  return Status(Code::unsupported, "an unusual HEIF file", detail);
}

Status read_size(std::string_view body, Properties& properties) {
  FullBox box(body);
  SizePx size;
  size.width = box.reader.u32();
  size.height = box.reader.u32();
  if (box.reader.failed()) return corrupt("ispe");
  properties.size = size;
  return Status();
}

// ISO/IEC 14496-12 section 12.1.5. An item may have one of each kind.
Status read_colors(std::string_view body, Properties& properties) {
  ByteReader reader(body);
  const std::uint32_t type = reader.u32();
  if (type == fourcc("prof") || type == fourcc("rICC")) {
    if (properties.profile.empty()) properties.profile = reader.rest();
    return Status();
  }
  if (type != fourcc("nclx") || properties.codes) return Status();
  ColorCodes codes;
  codes.primaries = reader.u16();
  codes.transfer = reader.u16();
  codes.matrix = reader.u16();
  codes.full_range = (reader.u8() & 0x80) != 0;
  if (reader.failed()) return corrupt("colr");
  properties.codes = codes;
  return Status();
}

// Layers of an AV1 item (AV1-AVIF section 2.3.2): only the usual ones are read here.
Status check_layers(const Box& box) {
  ByteReader reader(box.body);
  constexpr std::uint16_t kAnyLayer = 0xffff;
  const bool usual = box.type == fourcc("a1op") ? reader.u8() == 0 : reader.u16() == kAnyLayer;
  return usual ? Status() : unusual("layers");
}

// `known` tells whether the property may be essential.
Status read_property(const Box& box, Properties& properties, bool& known) {
  known = true;
  switch (box.type) {
    case fourcc("ispe"):
      return read_size(box.body, properties);
    case fourcc("colr"):
      return read_colors(box.body, properties);
    case fourcc("hvcC"):
      properties.hevc = box.body;
      return Status();
    case fourcc("av1C"):
      properties.av1 = box.body;
      return Status();
    case fourcc("auxC"): {
      FullBox full(box.body);
      properties.auxiliary_type = full.reader.text();
      return Status();
    }
    case fourcc("clap"):
    case fourcc("irot"):
    case fourcc("imir"):
      properties.transforms.push_back(box);
      return Status();
    case fourcc("clli"): {
      // max_content_light_level, ISO/IEC 14496-12 section 12.1.6.
      const std::uint16_t peak = ByteReader(box.body).u16();
      if (peak > 0) properties.peak = peak;
      return Status();
    }
    case fourcc("a1op"):
    case fourcc("lsel"):
      return check_layers(box);
    case fourcc("pixi"):
    case fourcc("pasp"):
    case fourcc("rloc"):
    case fourcc("a1lx"):
    case fourcc("mdcv"):
    case fourcc("cclv"):
    case fourcc("amve"):
      return Status();
    default:
      known = false;
      return Status();
  }
}

// What has been done so far, in the terms of planar::Turn: mirrored first, then transposed.
int orientation_of(const planar::Turn& turn) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const planar::Turn other = planar::turn_of(orientation);
    if (other.mirror_x == turn.mirror_x && other.mirror_y == turn.mirror_y &&
        other.transpose == turn.transpose) {
      return orientation;
    }
  }
  return 1;
}

// As seen so far, from left to right or from top to bottom.
void mirror(planar::Turn& turn, bool left_to_right) {
  bool& flag = left_to_right != turn.transpose ? turn.mirror_x : turn.mirror_y;
  flag = !flag;
}

// ISO/IEC 23008-12 section 6.5.10: by 90 degrees against the clock, `angle` times.
void rotate(planar::Turn& turn, int angle) {
  for (int i = 0; i < angle; ++i) {
    turn.transpose = !turn.transpose;
    mirror(turn, false);
  }
}

// One side of a clap: the size that is kept, and from where on.
bool crop_side(ByteReader& size, ByteReader& offset, std::uint32_t whole, std::uint32_t& first,
               std::uint32_t& kept) {
  const auto size_n = size.u32(), size_d = size.u32();
  const auto offset_n = static_cast<std::int32_t>(offset.u32());
  const auto offset_d = offset.u32();
  if (size_d == 0 || offset_d == 0 || size_n % size_d != 0) return false;
  kept = size_n / size_d;
  if (kept == 0 || kept > whole) return false;
  // ISO/IEC 14496-12 section 12.1.4.1: the offset is of the centre from that of the picture.
  const double start = double(offset_n) / offset_d + (double(whole) - kept) / 2;
  if (start < 0 || start > double(whole) - kept) return false;
  first = static_cast<std::uint32_t>(start);
  return true;
}

// `placement` and `turn` are what the transforms before it made.
Status crop(std::string_view body, const planar::Turn& turn, Placement& placement) {
  constexpr std::size_t kFraction = 8;
  if (body.size() < 4 * kFraction) return unusual("clap");
  ByteReader width(body), height(body.substr(kFraction));
  ByteReader across(body.substr(2 * kFraction)), down(body.substr(3 * kFraction));
  SizePx seen = placement.kept;
  if (turn.transpose) std::swap(seen.width, seen.height);
  std::uint32_t left = 0, top = 0;
  SizePx kept;
  if (!crop_side(width, across, seen.width, left, kept.width) ||
      !crop_side(height, down, seen.height, top, kept.height)) {
    return unusual("clap");
  }
  // Back to how it is stored: transposed first, then mirrored.
  if (turn.transpose) {
    std::swap(left, top);
    std::swap(kept.width, kept.height);
  }
  if (turn.mirror_x) left = placement.kept.width - kept.width - left;
  if (turn.mirror_y) top = placement.kept.height - kept.height - top;
  placement.left += left;
  placement.top += top;
  placement.kept = kept;
  return Status();
}

}  // namespace

Result<Properties> read_properties_of(const Container& container, const Item& item) {
  Properties properties;
  for (const Association& association : item.properties) {
    bool known = false;
    RETURN_IF_ERROR(read_property(container.properties[association.index], properties, known));
    if (!known && association.essential) return unusual("an essential property");
  }
  return properties;
}

Result<Placement> place(const Properties& properties, SizePx stored) {
  Placement placement;
  placement.kept = stored;
  planar::Turn turn;
  for (const Box& box : properties.transforms) {
    ByteReader reader(box.body);
    if (box.type == fourcc("clap")) {
      RETURN_IF_ERROR(crop(box.body, turn, placement));
    } else if (box.type == fourcc("irot")) {
      rotate(turn, reader.u8() & 3);
    } else {
      // Section 6.5.12, second edition: 0 exchanges top and bottom, 1 left and right.
      mirror(turn, (reader.u8() & 1) != 0);
    }
    if (reader.failed()) return corrupt("irot or imir");
  }
  placement.orientation = orientation_of(turn);
  return placement;
}

}  // namespace thumbmill::heif
