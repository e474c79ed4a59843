#include "image/heif/item_location.h"

#include <utility>

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

// How many bytes the numbers of an iloc box have.
struct FieldSizes {
  std::size_t offset, length, base, index, id;

  bool valid() const {
    for (const std::size_t size : {offset, length, base, index}) {
      if (size != 0 && size != 4 && size != 8) return false;
    }
    return true;
  }
};

// The extents of one item. `room` is how many there may still be.
Status read_extents(ByteReader& reader, const FieldSizes& sizes, std::uint64_t base,
                    std::size_t& room, std::vector<Extent>& extents) {
  const std::size_t count = reader.u16();
  if (count > room) {
    return Status(Code::unsupported, "a HEIF file with too many parts", "extents");
  }
  room -= count;
  extents.reserve(count);
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    reader.number(sizes.index);
    Extent extent;
    extent.offset = reader.number(sizes.offset);
    extent.length = reader.number(sizes.length);
    if (__builtin_add_overflow(extent.offset, base, &extent.offset)) return corrupt("iloc");
    extents.push_back(extent);
  }
  return Status();
}

// The bytes of `extent` in `source`; nothing when it reaches past the end.
bool find_extent(std::string_view source, const Extent& extent, std::string_view& bytes) {
  if (extent.offset > source.size()) return false;
  bytes = source.substr(static_cast<std::size_t>(extent.offset));
  if (extent.length == 0) return true;
  if (extent.length > bytes.size()) return false;
  bytes = bytes.substr(0, static_cast<std::size_t>(extent.length));
  return true;
}

}  // namespace

Status read_locations(std::string_view body, Container& container) {
  FullBox box(body);
  ByteReader& reader = box.reader;
  if (box.version > 2) return Status(Code::unsupported, "a HEIF file of another version", "iloc");
  const std::uint8_t first = reader.u8(), second = reader.u8();
  FieldSizes sizes{};
  sizes.offset = first >> 4;
  sizes.length = first & 15;
  sizes.base = second >> 4;
  sizes.index = box.version == 0 ? 0 : second & 15;
  sizes.id = box.version < 2 ? 2 : 4;
  if (!sizes.valid()) return corrupt("iloc");
  const auto count = static_cast<std::uint32_t>(reader.number(sizes.id));
  std::size_t room = kMostExtents;
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
    const auto id = static_cast<std::uint32_t>(reader.number(sizes.id));
    const unsigned source = box.version == 0 ? 0u : reader.u16() & 15u;
    const std::uint16_t other_file = reader.u16();
    const std::uint64_t base = reader.number(sizes.base);
    std::vector<Extent> extents;
    RETURN_IF_ERROR(read_extents(reader, sizes, base, room, extents));
    const auto item = container.items.find(id);
    if (item == container.items.end()) continue;
    if (!item->second.extents.empty()) return corrupt("an item's place twice");
    const bool known = source <= Item::in_item_data && other_file == 0;
    item->second.source = known ? static_cast<Item::Source>(source) : Item::elsewhere;
    item->second.extents = std::move(extents);
  }
  return reader.failed() ? corrupt("iloc") : Status();
}

Result<std::string_view> item_bytes(const Container& container, const Item& item,
                                    std::string& joined) {
  if (item.source == Item::elsewhere) {
    return Status(Code::unsupported, "an image in parts that are stored in an unusual way");
  }
  const std::string_view source =
      item.source == Item::in_item_data ? container.item_data : container.file;
  std::string_view bytes;
  if (item.extents.size() == 1) {
    if (!find_extent(source, item.extents.front(), bytes)) return corrupt("an item is cut off");
    return bytes;
  }
  joined.clear();
  for (const Extent& extent : item.extents) {
    if (!find_extent(source, extent, bytes)) return corrupt("an item is cut off");
    if (bytes.size() > container.file.size() - joined.size()) {
      return corrupt("an item larger than the file");
    }
    joined += bytes;
  }
  return std::string_view(joined);
}

}  // namespace thumbmill::heif
