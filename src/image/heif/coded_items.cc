#include "image/heif/coded_items.h"

#include <algorithm>
#include <string>

#include "image/heif/av1_sizes.h"
#include "image/heif/box_reader.h"
#include "image/heif/coded_picture.h"
#include "image/heif/hevc_headers.h"
#include "image/heif/item_location.h"
#include "image/heif/properties.h"
#include "image/limit_checks.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

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
  // Pictures of up to so many pixels, which no header tells.
  void allow_for(std::uint64_t pixels) {
    most_pixels_ = std::max(most_pixels_, std::min(pixels, limits_.max_pixels));
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

Status add_hevc_units(std::string_view item, std::size_t length_bytes, Sizes& sizes) {
  ByteReader reader(item);
  while (!reader.at_end() && !reader.failed()) {
    const auto size = static_cast<std::size_t>(reader.number(length_bytes));
    RETURN_IF_ERROR(add_hevc_unit(reader.take(size), sizes));
  }
  return Status();
}

// Parameter sets may be in the configuration and in the item.
Status add_hevc(std::string_view config_box, std::string_view item, Sizes& sizes) {
  const HevcConfig config = read_hevc_config(config_box);
  for (const std::string_view unit : config.units) RETURN_IF_ERROR(add_hevc_unit(unit, sizes));
  // libheif's decoder takes lengths of four bytes whatever the configuration says.
  constexpr std::size_t kLibheifLengthBytes = 4;
  RETURN_IF_ERROR(add_hevc_units(item, kLibheifLengthBytes, sizes));
  if (config.length_bytes == kLibheifLengthBytes) return Status();
  return add_hevc_units(item, config.length_bytes, sizes);
}

// `prefix` is the body of a jpgC box: what is in front of the item's bytes.
Status add_jpeg(std::string_view prefix, std::string_view item, Sizes& sizes) {
  const std::string jpeg = std::string(prefix).append(item);
  const SizePx size = jpeg.starts_with("\xff\xd8") ? jpeg_frame_size(jpeg) : SizePx();
  return sizes.add(size.width, size.height);
}

// Pictures whose size is not looked for. libheif decodes what is said to be protected, as it is.
bool is_unread(std::uint32_t type) {
  constexpr std::uint32_t kTypes[] = {fourcc("avc1"), fourcc("evc1"), fourcc("hvt1"),
                                      fourcc("j2k1"), fourcc("jpgs"), fourcc("lhv1"),
                                      fourcc("prot"), fourcc("vvc1")};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

// Those of items that have coded pictures. `bytes_left` may still be read of the file: items can
// share their bytes.
Result<std::string_view> bytes_of_coded(const Container& container, const Item& item,
                                        std::uint64_t& bytes_left, std::string& joined) {
  constexpr std::uint32_t kTypes[] = {fourcc("av01"), fourcc("hvc1"), fourcc("jpeg"),
                                      fourcc("mime")};
  if (std::find(std::begin(kTypes), std::end(kTypes), item.type) == std::end(kTypes)) {
    return std::string_view();
  }
  for (const Extent& extent : item.extents) {
    // Up to the end for us, but nothing for libheif.
    if (extent.length == 0) return corrupt("an extent without a length");
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, item_bytes(container, item, joined));
  if (bytes.size() > bytes_left) return corrupt("items that share too many bytes");
  bytes_left -= bytes.size();
  return bytes;
}

Status add_item(const Container& container, const Item& item, std::uint64_t& bytes_left,
                Sizes& sizes) {
  if (is_unread(item.type)) {
    return Status(Code::unsupported, "a HEIF file with pictures of a codec that is not decoded");
  }
  std::string joined;
  ASSIGN_OR_RETURN(const std::string_view bytes,
                   bytes_of_coded(container, item, bytes_left, joined));
  std::string_view jpeg_prefix;
  Av1Sizes av1;
  for (const Association& association : item.properties) {
    const Box& box = container.properties[association.index];
    constexpr std::size_t kUnitsAt = 4;  // behind what an av1C box says itself
    if (box.type == fourcc("ispe")) {
      FullBox declared(box.body);
      const std::uint32_t width = declared.reader.u32();
      RETURN_IF_ERROR(sizes.add(width, declared.reader.u32()));
    } else if (box.type == fourcc("hvcC")) {
      RETURN_IF_ERROR(add_hevc(box.body, bytes, sizes));
    } else if (box.type == fourcc("av1C") && box.body.size() > kUnitsAt) {
      RETURN_IF_ERROR(av1.read(box.body.substr(kUnitsAt)));
    } else if (box.type == fourcc("jpgC")) {
      jpeg_prefix = box.body;
    }
  }
  if (item.type == fourcc("av01")) RETURN_IF_ERROR(av1.read(bytes));
  for (const SizePx& size : av1.sequences()) RETURN_IF_ERROR(sizes.add(size.width, size.height));
  sizes.allow_for(av1.most_own_pixels());
  const bool may_be_jpeg = item.type == fourcc("jpeg") || item.type == fourcc("mime");
  return may_be_jpeg ? add_jpeg(jpeg_prefix, bytes, sizes) : Status();
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
