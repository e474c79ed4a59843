// The items of a HEIF file (ISO/IEC 23008-12 section 6 and 9, ISO/IEC 14496-12 section 8.11): which
// there are, where their bytes lie, and which properties and references they have. They are listed
// in a meta box, or follow from a mini box (minimized_image.h). Properties stay as they are stored
// (properties.h reads them); what the items mean together is still_image.h's matter. Each count and
// each size is bounded.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/heif/box_reader.h"

namespace thumbmill::heif {

/// A part of an item's bytes, relative to its source.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< 0: to the end of the source
};

/// An item's place among the properties.
struct Association {
  std::uint16_t index = 0;  ///< into Container::properties
  bool essential = false;   ///< who does not know the property must not show the item
};

struct Item {
  /// Where the bytes are: ISO/IEC 14496-12 section 8.11.3 names the numbers.
  enum Source : std::uint8_t { in_file = 0, in_item_data = 1, elsewhere = 2 };

  std::uint32_t id = 0;
  std::uint32_t type = 0;  ///< a four-character code; 0 when there is no information on the item
  Source source = in_file;
  std::vector<Extent> extents;
  std::vector<Association> properties;  ///< in the order of the file, which is that of transforms
};

/// From one item to others, in an order that counts.
struct Reference {
  std::uint32_t type = 0;
  std::uint32_t from = 0;
  std::vector<std::uint32_t> to;
};

/// Borrows the file. Moved, not copied: properties may be views of `made`.
struct Container {
  Container() = default;
  Container(Container&&) = default;
  Container& operator=(Container&&) = default;

  std::string_view file;
  bool minimized = false;      ///< from a mini box, which not every libheif reads
  std::string_view item_data;  ///< the idat box
  std::uint32_t primary = 0;   ///< an id; the item may be missing
  std::map<std::uint32_t, Item> items;
  std::vector<Box> properties;
  std::deque<std::string> made;  ///< bodies of properties that a mini box implies
  std::vector<Reference> references;

  /// Null for an unknown id.
  const Item* find(std::uint32_t id) const;
};

inline constexpr std::size_t kMostItems = 16'384;
inline constexpr std::size_t kMostProperties = 16'384;
inline constexpr std::size_t kMostExtents = 65'536;     ///< of all items
inline constexpr std::size_t kMostReferences = 65'536;  ///< of all items, counted by target

/// The first meta or mini box counts. unsupported: no still picture, or more of something than the
/// limits above. corrupt_input: anything that the standard does not allow and that changes what is
/// read.
Result<Container> read_container(std::string_view file);

/// The bytes of `item`: a view of the file when they are in one piece, else joined in `joined`,
/// which must outlive the view. corrupt_input: they are not all there, or add up to more than the
/// file has. unsupported: they are stored in a way that is not read here.
Result<std::string_view> item_bytes(const Container& container, const Item& item,
                                    std::string& joined);

}  // namespace thumbmill::heif
