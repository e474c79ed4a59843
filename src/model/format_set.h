// Which image formats are taken: a setting, and the table of image_format.h behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/image_format.h"

namespace thumbmill {

/// A set of formats, of those that can be decoded. A value.
class FormatSet {
 public:
  /// Every format that can be decoded.
  FormatSet();

  /// Names separated by commas, spaces around them allowed: "jpeg, png". Nothing for a name that is
  /// none of a format that can be decoded, and for no name.
  static std::optional<FormatSet> parse(std::string_view names);

  /// Names in the order of the table; parse() takes them.
  std::string to_string() const;

  bool contains(ImageFormat format) const;

  /// ok, or unsupported saying whether the format is not decoded at all or is switched off.
  Status check(ImageFormat format) const;

  bool operator==(const FormatSet&) const = default;

 private:
  std::uint32_t bits_ = 0;  // by the format's value
};

}  // namespace thumbmill
