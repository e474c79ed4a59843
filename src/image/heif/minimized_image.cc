#include "image/heif/minimized_image.h"

#include <cstdint>
#include <string>
#include <utility>

#include "image/heif/minimized_box.h"

namespace thumbmill::heif {
namespace {

constexpr CodecTypes kHevc{fourcc("hvc1"), fourcc("hvcC")};
constexpr CodecTypes kAv1{fourcc("av01"), fourcc("av1C")};

// Section O.2.1.2: the minor version of the file type is a brand.
Result<CodecTypes> find_codec(const MinimizedBox& box, std::string_view file_type) {
  constexpr std::size_t kMinorVersionAt = 4;
  ByteReader reader(file_type);
  reader.take(kMinorVersionAt);
  const std::uint32_t brand = reader.u32();
  const bool is_avif = brand == fourcc("avif");
  const bool is_heic = brand == fourcc("heic") || brand == fourcc("heix");
  const CodecTypes codec = box.codec ? *box.codec : is_avif ? kAv1 : is_heic ? kHevc : CodecTypes();
  if (codec == kHevc || codec == kAv1) return codec;
  return Status(Code::unsupported, "an unusual HEIF file", "a mini box of another codec");
}

std::string big_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  while (bytes-- > 0) text.push_back(static_cast<char>(value >> (8 * bytes)));
  return text;
}

// `body` is of the file.
void add_property(Container& container, Item& item, std::uint32_t type, std::string_view body) {
  item.properties.push_back({static_cast<std::uint16_t>(container.properties.size()), true});
  container.properties.push_back({type, body});
}

void make_property(Container& container, Item& item, std::uint32_t type, std::string body) {
  container.made.push_back(std::move(body));
  add_property(container, item, type, container.made.back());
}

// irot and imir in this order; -1 is none (section O.4).
struct Transforms {
  int angle, axis;
};
constexpr Transforms kTransforms[] = {{0, -1}, {0, 1},  {2, -1}, {0, 0},
                                      {1, 0},  {3, -1}, {3, 0},  {1, -1}};

// What the picture and its alpha have in common.
Item& add_picture(Container& container, std::uint32_t id, const CodecTypes& codec,
                  const MinimizedBox& box, std::string_view config, std::string_view bytes) {
  Item& item = container.items[id];
  item.id = id;
  item.type = codec.item;
  const auto offset = static_cast<std::uint64_t>(bytes.data() - container.file.data());
  item.extents = {{offset, bytes.size()}};
  add_property(container, item, codec.config, config);
  constexpr std::uint64_t kNoFlags = 0;
  make_property(
      container, item, fourcc("ispe"),
      big_endian(kNoFlags, 4) + big_endian(box.size.width, 4) + big_endian(box.size.height, 4));
  const auto [angle, axis] = kTransforms[box.orientation - 1];
  if (angle != 0) {
    make_property(container, item, fourcc("irot"), big_endian(static_cast<unsigned>(angle), 1));
  }
  if (axis >= 0) {
    make_property(container, item, fourcc("imir"), big_endian(static_cast<unsigned>(axis), 1));
  }
  return item;
}

void add_colors(Container& container, Item& item, const MinimizedBox& box) {
  const ColorCodes& codes = box.codes;
  make_property(container, item, fourcc("colr"),
                "nclx" + big_endian(codes.primaries, 2) + big_endian(codes.transfer, 2) +
                    big_endian(codes.matrix, 2) + big_endian(codes.full_range ? 0x80 : 0, 1));
  if (!box.profile.empty()) {
    make_property(container, item, fourcc("colr"), "prof" + std::string(box.profile));
  }
  if (box.light_levels) {
    make_property(container, item, fourcc("clli"), big_endian(*box.light_levels, 4));
  }
}

}  // namespace

Status read_minimized_image(std::string_view body, std::string_view file_type,
                            Container& container) {
  constexpr std::uint32_t kPicture = 1, kAlpha = 2;
  ASSIGN_OR_RETURN(const MinimizedBox box, read_minimized_box(body));
  ASSIGN_OR_RETURN(const CodecTypes codec, find_codec(box, file_type));
  container.minimized = true;
  container.primary = kPicture;
  add_colors(container, add_picture(container, kPicture, codec, box, box.config, box.picture), box);
  // Alpha without bytes would be within the picture, which neither codec does.
  if (box.alpha.empty()) return Status();
  Item& alpha = add_picture(container, kAlpha, codec, box, box.alpha_config, box.alpha);
  make_property(container, alpha, fourcc("auxC"),
                big_endian(0, 4) + "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" + '\0');
  container.references.push_back({fourcc("auxl"), kAlpha, {kPicture}});
  if (box.premultiplied) container.references.push_back({fourcc("prem"), kPicture, {kAlpha}});
  return Status();
}

}  // namespace thumbmill::heif
