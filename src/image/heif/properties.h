// The properties of HEIF items that a thumbnail depends on: size, transforms, colours, and which
// codec's configuration they have. One reader for each box; all of them are bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/heif/container.h"
#include "model/rendition.h"

namespace thumbmill::heif {

/// How samples stand for colours: ISO/IEC 23091-2 (ITU-T H.273) names the numbers; 2 is
/// "unspecified".
struct ColorCodes {
  static constexpr std::uint16_t kUnspecified = 2;
  std::uint16_t primaries = kUnspecified;
  std::uint16_t transfer = kUnspecified;
  std::uint16_t matrix = kUnspecified;
  bool full_range = false;
  bool operator==(const ColorCodes&) const = default;
};

/// What is stored, and how it is turned: clap, irot and imir, folded in the order in which an item
/// has them.
struct Placement {
  std::uint32_t left = 0, top = 0;  ///< of what is kept, in stored pixels
  SizePx kept;                      ///< its size, as stored
  int orientation = 1;              ///< EXIF 2.3, tag 274: what is to be done to it
  bool operator==(const Placement&) const = default;
};

/// An item's properties. Views are of the file.
struct Properties {
  std::optional<SizePx> size;       ///< ispe: declared, not trusted
  std::optional<ColorCodes> codes;  ///< colr of type nclx
  std::optional<double> peak;       ///< clli: the brightest light, in candela a square metre
  std::string_view profile;         ///< colr with an ICC profile; empty without
  std::string_view hevc;            ///< hvcC
  std::string_view av1;             ///< av1C
  std::string_view auxiliary_type;  ///< auxC: a URN
  std::vector<Box> transforms;      ///< clap, irot, imir, in order
};

/// unsupported: the item has an essential property that is not known here (ISO/IEC 23008-12 section
/// 9.3.1), or one with a value that is not. corrupt_input: a property cannot be read.
Result<Properties> read_properties_of(const Container& container, const Item& item);

/// Applies the transforms to a picture of size `stored`. unsupported: a clap that reaches out of
/// the picture, or has sides that are no whole numbers.
Result<Placement> place(const Properties& properties, SizePx stored);

}  // namespace thumbmill::heif
