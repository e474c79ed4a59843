#include "model/format_set.h"

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr auto kFormats = static_cast<std::uint32_t>(kLastImageFormat) + 1;
static_assert(kFormats <= 32);

std::uint32_t bit_of(ImageFormat format) { return 1u << static_cast<std::uint32_t>(format); }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

FormatSet::FormatSet() {
  for (std::uint32_t i = 0; i < kFormats; ++i) {
    const auto format = static_cast<ImageFormat>(i);
    if (image_format_info(format).can_decode) bits_ |= bit_of(format);
  }
}

std::optional<FormatSet> FormatSet::parse(std::string_view names) {
  FormatSet set;
  const FormatSet all;
  set.bits_ = 0;
  while (true) {
    const std::size_t comma = names.find(',');
    const auto format = image_format_from_name(trimmed(names.substr(0, comma)));
    if (!format || !all.contains(*format)) return std::nullopt;
    set.bits_ |= bit_of(*format);
    if (comma == std::string_view::npos) return set;
    names.remove_prefix(comma + 1);
  }
}

std::string FormatSet::to_string() const {
  std::string names;
  for (std::uint32_t i = 0; i < kFormats; ++i) {
    const auto format = static_cast<ImageFormat>(i);
    if (!contains(format)) continue;
    names += (names.empty() ? "" : ", ") + std::string(image_format_info(format).name);
  }
  return names;
}

bool FormatSet::contains(ImageFormat format) const { return (bits_ & bit_of(format)) != 0; }

Status FormatSet::check(ImageFormat format) const {
  if (contains(format)) return Status();
  const ImageFormatInfo& info = image_format_info(format);
  return Status(Code::unsupported, info.can_decode
                                       ? fmt::format("{} images are switched off here; formats: {}",
                                                     info.name, to_string())
                                       : fmt::format("{} images are not supported", info.name));
}

}  // namespace thumbmill
