#include "image/heif/coded_items.h"

#include <algorithm>
#include <string>

#include "image/heif/box_reader.h"
#include "image/heif/coded_picture.h"
#include "image/heif/hevc_headers.h"
#include "image/heif/item_location.h"
#include "image/heif/properties.h"
#include "image/limit_checks.h"

namespace thumbmill::heif {
namespace {

// Gathers the sizes that headers say, each of which has to be within the limits.
class Sizes {
 public:
  explicit Sizes(const ImageLimits& limits) : limits_(limits) {}

  Status add(const Result<CodedFormat>& format) {
    RETURN_IF_ERROR(format.status());
    return add(format->coded.width, format->coded.height);
  }
  Status add(std::uint32_t width, std::uint32_t height) {
    RETURN_IF_ERROR(check_size(width, height, limits_));
    most_pixels_ = std::max(most_pixels_, std::uint64_t{width} * height);
    return Status();
  }
  std::uint64_t most_pixels() const { return most_pixels_; }

 private:
  const ImageLimits& limits_;
  std::uint64_t most_pixels_ = 0;
};

Status add_hevc_unit(std::string_view unit, Sizes& sizes) {
  if (unit.size() <= kHevcUnitHeader || hevc_unit_type(unit) != kHevcSequenceParameters) {
    return Status();
  }
  return sizes.add(read_hevc_parameters(unit));
}

// Parameter sets may be in the configuration and in the item.
Status add_hevc(std::string_view config_box, std::string_view item, Sizes& sizes) {
  const HevcConfig config = read_hevc_config(config_box);
  for (const std::string_view unit : config.units) RETURN_IF_ERROR(add_hevc_unit(unit, sizes));
  ByteReader reader(item);
  while (!reader.at_end() && !reader.failed()) {
    const auto size = static_cast<std::size_t>(reader.number(config.length_bytes));
    RETURN_IF_ERROR(add_hevc_unit(reader.take(size), sizes));
  }
  return Status();
}

// AV1 section 4.10.5.
std::uint64_t leb128(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint8_t byte = reader.u8();
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) == 0) break;
  }
  return value;
}

// AV1 section 5.3: every sequence header among the units of a stream.
Status add_av1(std::string_view units, Sizes& sizes) {
  constexpr unsigned kSequenceHeader = 1;
  while (!units.empty()) {
    ByteReader reader(units);
    const std::uint8_t header = reader.u8();
    if ((header & 4) != 0) reader.u8();  // an extension
    const bool has_size = (header & 2) != 0;
    const std::uint64_t size = has_size ? leb128(reader) : reader.rest().size();
    if (reader.failed() || size > reader.rest().size()) break;  // for the decoder to tell
    if ((header >> 3 & 15u) == kSequenceHeader) RETURN_IF_ERROR(sizes.add(read_av1_format(units)));
    units = reader.rest().substr(static_cast<std::size_t>(size));
  }
  return Status();
}

Status add_jpeg(std::string_view jpeg, Sizes& sizes) {
  const SizePx size = jpeg_frame_size(jpeg);
  return sizes.add(size.width, size.height);
}

Status add_property(const Box& box, std::string_view item, Sizes& sizes) {
  switch (box.type) {
    case fourcc("ispe"): {
      FullBox declared(box.body);
      const std::uint32_t width = declared.reader.u32();
      return sizes.add(width, declared.reader.u32());
    }
    case fourcc("hvcC"):
      return add_hevc(box.body, item, sizes);
    case fourcc("av1C"): {
      constexpr std::size_t kUnits = 4;  // behind what the box says itself
      return box.body.size() > kUnits ? add_av1(box.body.substr(kUnits), sizes) : Status();
    }
    case fourcc("jpgC"):
      return add_jpeg(box.body, sizes);
    default:
      return Status();
  }
}

bool is_of_other_codec(std::uint32_t type) {
  constexpr std::uint32_t kTypes[] = {fourcc("avc1"), fourcc("evc1"), fourcc("hvt1"),
                                      fourcc("j2k1"), fourcc("jpgs"), fourcc("lhv1"),
                                      fourcc("vvc1")};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

// `bytes_left` may still be read of the file: items can share their bytes.
Status add_item(const Container& container, const Item& item, std::uint64_t& bytes_left,
                Sizes& sizes) {
  if (is_of_other_codec(item.type)) {
    return Status(Code::unsupported, "a HEIF file with pictures of a codec that is not decoded");
  }
  const bool is_jpeg = item.type == fourcc("jpeg"), is_av1 = item.type == fourcc("av01");
  std::string joined;
  std::string_view bytes;
  if (is_jpeg || is_av1 || item.type == fourcc("hvc1")) {
    ASSIGN_OR_RETURN(bytes, item_bytes(container, item, joined));
    if (bytes.size() > bytes_left) {
      return Status(Code::corrupt_input, "the image cannot be decoded",
                    "items that share too many bytes");
    }
    bytes_left -= bytes.size();
  }
  for (const Association& association : item.properties) {
    RETURN_IF_ERROR(add_property(container.properties[association.index], bytes, sizes));
  }
  if (is_jpeg) return add_jpeg(bytes, sizes);
  return is_av1 ? add_av1(bytes, sizes) : Status();
}

}  // namespace

Result<std::uint64_t> most_coded_pixels(const Container& container, const ImageLimits& limits) {
  constexpr std::uint64_t kMostReads = 8, kSmallFile = 1u << 20;
  std::uint64_t bytes_left = kMostReads * container.file.size() + kSmallFile;
  Sizes sizes(limits);
  for (const auto& [id, item] : container.items) {
    RETURN_IF_ERROR(add_item(container, item, bytes_left, sizes));
  }
  return sizes.most_pixels();
}

}  // namespace thumbmill::heif
