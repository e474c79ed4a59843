#include "image/heif/container.h"

#include <optional>
#include <utility>

#include "image/heif/item_location.h"
#include "image/heif/minimized_image.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status too_many(const char* what) {
  return Status(Code::unsupported, "a HEIF file with too many parts", what);
}

// pitm, ISO/IEC 14496-12 section 8.11.4.
Status read_primary(std::string_view body, Container& container) {
  FullBox box(body);
  container.primary = static_cast<std::uint32_t>(box.reader.number(box.version == 0 ? 2 : 4));
  return box.reader.failed() ? corrupt("pitm") : Status();
}

// infe, section 8.11.6. Versions 0 and 1 know no types: no picture has them.
Status read_item_entry(std::string_view body, Container& container) {
  FullBox box(body);
  if (box.version < 2) return Status();
  const auto id = static_cast<std::uint32_t>(box.reader.number(box.version == 2 ? 2 : 4));
  const std::uint16_t protection = box.reader.u16();
  const std::uint32_t type = box.reader.u32();
  if (box.reader.failed()) return corrupt("infe");
  Item& item = container.items[id];
  if (item.type != 0) return corrupt("two items of the same id");
  if (container.items.size() > kMostItems) return too_many("items");
  item.id = id;
  item.type = protection == 0 ? type : fourcc("prot");
  return Status();
}

Status read_item_entries(std::string_view body, Container& container) {
  FullBox box(body);
  box.reader.number(box.version == 0 ? 2 : 4);  // their number; the boxes are what counts
  BoxReader entries(box.reader.rest());
  while (const std::optional<Box> entry = entries.next()) {
    if (entry->type != fourcc("infe")) continue;
    RETURN_IF_ERROR(read_item_entry(entry->body, container));
  }
  return box.reader.failed() || entries.failed() ? corrupt("iinf") : Status();
}

// iref, section 8.11.12.
Status read_references(std::string_view body, Container& container) {
  FullBox box(body);
  const std::size_t id_bytes = box.version == 0 ? 2 : 4;
  BoxReader boxes(box.reader.rest());
  std::size_t targets = 0;
  while (const std::optional<Box> entry = boxes.next()) {
    ByteReader reader(entry->body);
    Reference reference;
    reference.type = entry->type;
    reference.from = static_cast<std::uint32_t>(reader.number(id_bytes));
    const std::size_t count = reader.u16();
    targets += count + 1;
    if (targets > kMostReferences) return too_many("references");
    if (reader.failed() || reader.rest().size() < count * id_bytes) return corrupt("iref");
    reference.to.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      reference.to.push_back(static_cast<std::uint32_t>(reader.number(id_bytes)));
    }
    container.references.push_back(std::move(reference));
  }
  return box.reader.failed() || boxes.failed() ? corrupt("iref") : Status();
}

// ipma, ISO/IEC 23008-12 section 9.3. There may be several, of different items.
Status read_associations(std::string_view body, Container& container) {
  FullBox box(body);
  ByteReader& reader = box.reader;
  const bool wide = (box.flags & 1) != 0;
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
    const auto id = static_cast<std::uint32_t>(reader.number(box.version < 1 ? 2 : 4));
    const std::size_t associations = reader.u8();
    const auto item = container.items.find(id);
    const bool known = item != container.items.end();
    if (known && !item->second.properties.empty()) return corrupt("an item's properties twice");
    for (std::size_t k = 0; k < associations; ++k) {
      const std::uint16_t value = wide ? reader.u16() : reader.u8();
      const std::uint16_t essential = wide ? 0x8000 : 0x80;
      const auto number = static_cast<std::uint16_t>(value & (essential - 1));
      if (number == 0 || !known) continue;  // 0: none
      if (number > container.properties.size()) return corrupt("a property that is not there");
      item->second.properties.push_back(
          {static_cast<std::uint16_t>(number - 1), (value & essential) != 0});
    }
  }
  return reader.failed() ? corrupt("ipma") : Status();
}

// iprp: the properties first, then whose they are.
Status read_properties(std::string_view body, Container& container) {
  BoxReader boxes(body);
  while (const std::optional<Box> box = boxes.next()) {
    if (box->type == fourcc("ipma")) RETURN_IF_ERROR(read_associations(box->body, container));
    if (box->type != fourcc("ipco") || !container.properties.empty()) continue;
    BoxReader properties(box->body);
    while (const std::optional<Box> property = properties.next()) {
      if (container.properties.size() == kMostProperties) return too_many("properties");
      container.properties.push_back(*property);
    }
    if (properties.failed()) return corrupt("ipco");
  }
  return boxes.failed() ? corrupt("iprp") : Status();
}

// The boxes of a meta box that are read, in the order in which they need each other.
struct MetaBoxes {
  std::optional<std::string_view> handler, primary, entries, locations, properties, references,
      item_data;
};

// The first of its kind counts, as in every reader.
void keep(const Box& box, MetaBoxes& boxes) {
  const auto set = [&](std::optional<std::string_view>& place) {
    if (!place) place = box.body;
  };
  if (box.type == fourcc("hdlr")) set(boxes.handler);
  if (box.type == fourcc("pitm")) set(boxes.primary);
  if (box.type == fourcc("iinf")) set(boxes.entries);
  if (box.type == fourcc("iloc")) set(boxes.locations);
  if (box.type == fourcc("iprp")) set(boxes.properties);
  if (box.type == fourcc("iref")) set(boxes.references);
  if (box.type == fourcc("idat")) set(boxes.item_data);
}

Status read_meta(std::string_view body, Container& container) {
  FullBox meta(body);
  BoxReader reader(meta.reader.rest());
  MetaBoxes boxes;
  while (const std::optional<Box> box = reader.next()) keep(*box, boxes);
  if (meta.reader.failed() || reader.failed()) return corrupt("meta");
  constexpr std::size_t kHandlerAt = 8;  // behind version, flags and a field that is 0
  if (!boxes.handler || boxes.handler->size() < kHandlerAt + 4) return corrupt("hdlr");
  if (boxes.handler->substr(kHandlerAt, 4) != "pict") {
    return Status(Code::unsupported, "a HEIF file without a still picture of the usual kind");
  }
  if (!boxes.primary || !boxes.entries || !boxes.locations) return corrupt("meta lacks a box");
  container.item_data = boxes.item_data.value_or("");
  RETURN_IF_ERROR(read_primary(*boxes.primary, container));
  RETURN_IF_ERROR(read_item_entries(*boxes.entries, container));
  RETURN_IF_ERROR(read_locations(*boxes.locations, container));
  if (boxes.references) RETURN_IF_ERROR(read_references(*boxes.references, container));
  if (boxes.properties) RETURN_IF_ERROR(read_properties(*boxes.properties, container));
  return Status();
}

}  // namespace

const Item* Container::find(std::uint32_t id) const {
  const auto found = items.find(id);
  return found == items.end() ? nullptr : &found->second;
}

Result<Container> read_container(std::string_view file) {
  Container container;
  container.file = file;
  BoxReader boxes(file, true);
  std::optional<std::string_view> file_type;
  bool has_sequence = false;
  while (const std::optional<Box> box = boxes.next()) {
    if (box->type == fourcc("ftyp") && !file_type) file_type = box->body;
    if (box->type == fourcc("moov")) has_sequence = true;
    const bool minimized = box->type == fourcc("mini");
    if (!minimized && box->type != fourcc("meta")) continue;
    if (!file_type) break;
    RETURN_IF_ERROR(minimized ? read_minimized_image(box->body, *file_type, container)
                              : read_meta(box->body, container));
    return container;
  }
  if (file_type && has_sequence) {
    return Status(Code::unsupported, "a HEIF file without a still picture of the usual kind");
  }
  return corrupt("neither a meta nor a mini box");
}

}  // namespace thumbmill::heif
