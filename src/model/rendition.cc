#include "model/rendition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

namespace thumbmill {
namespace {

struct FitName {
  Fit fit;
  std::string_view name;
};

constexpr std::array kFitNames{
    FitName{Fit::inside, "inside"},
    FitName{Fit::cover, "cover"},
    FitName{Fit::contain, "contain"},
    FitName{Fit::fill, "fill"},
};

std::uint32_t scaled_side(std::uint32_t side, double scale) {
  // A line of one pixel, scaled to cover a box, can be longer than the type can say.
  constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(
      std::clamp(std::round(static_cast<double>(side) * scale), 1.0, kMost));
}

SizePx scale_size(SizePx size, double scale) {
  return {scaled_side(size.width, scale), scaled_side(size.height, scale)};
}

// The box with a side that follows worked out from the source's aspect, within the limit.
SizePx whole_box(SizePx source, const RenditionSpec& spec) {
  SizePx box{spec.width_px, spec.height_px};
  if (box.width == 0) box.width = scaled_side(source.width, 1.0 * box.height / source.height);
  if (box.height == 0) box.height = scaled_side(source.height, 1.0 * box.width / source.width);
  return {std::min(box.width, kMaxRenditionSide), std::min(box.height, kMaxRenditionSide)};
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status bad_side(std::string_view which, std::uint32_t value) {
  return Status(Code::invalid_argument,
                fmt::format("{} is {}; allowed: 1 to {} pixels", which, value, kMaxRenditionSide));
}

}  // namespace

std::string_view fit_name(Fit fit) { return kFitNames[static_cast<std::size_t>(fit)].name; }

std::optional<Fit> fit_from_name(std::string_view name) {
  for (const FitName& entry : kFitNames) {
    if (entry.name == name) return entry.fit;
  }
  return std::nullopt;
}

std::string color_to_string(Color color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

std::optional<Color> color_from_string(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  std::string digits(text);
  if (digits.size() == 3) digits = {text[0], text[0], text[1], text[1], text[2], text[2]};
  if (digits.size() != 6) return std::nullopt;
  std::uint32_t value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value, 16);
  if (error != std::errc() || end != last) return std::nullopt;
  return Color{static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
               static_cast<std::uint8_t>(value)};
}

bool is_rendition_name(std::string_view name) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 32 && is_word(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_word(c) || c == '_' || c == '-'; });
}

Status parse_size(std::string_view text, RenditionSpec& spec) {
  const std::size_t cross = text.find('x');
  const std::string_view width = text.substr(0, cross);
  const std::string_view height = cross == std::string_view::npos ? width : text.substr(cross + 1);
  const auto side = [](std::string_view part) {
    return part.empty() ? std::optional<std::uint32_t>(0) : parse_number(part);
  };
  const auto width_px = side(width);
  const auto height_px = side(height);
  const bool zero = (width_px == 0u && !width.empty()) || (height_px == 0u && !height.empty());
  if (!width_px || !height_px || zero || (width.empty() && height.empty())) {
    return Status(
        Code::invalid_argument,
        fmt::format("size is \"{}\"; allowed: WIDTHxHEIGHT, WIDTHx, xHEIGHT or one number, "
                    "in pixels",
                    text));
  }
  spec.width_px = *width_px;
  spec.height_px = *height_px;
  return Status();
}

Status set_rendition_option(std::string_view option, std::string_view value, RenditionSpec& spec) {
  const auto not_allowed = [&](std::string_view allowed) {
    return Status(Code::invalid_argument,
                  fmt::format("{} is \"{}\"; allowed: {}", option, value, allowed));
  };
  if (option == "size") return parse_size(value, spec);
  if (option == "fit") {
    const auto fit = fit_from_name(value);
    if (!fit) return not_allowed("inside, cover, contain, fill");
    spec.fit = *fit;
  } else if (option == "format") {
    spec.format = image_format_from_name(value);
    if (!spec.format || !image_format_info(*spec.format).can_encode) {
      return not_allowed(encodable_formats());
    }
  } else if (option == "quality") {
    const auto quality = parse_number(value);
    if (!quality || *quality < 1 || *quality > 100) return not_allowed("1 to 100");
    spec.quality = static_cast<int>(*quality);
  } else if (option == "background") {
    spec.background = color_from_string(value);
    if (!spec.background) return not_allowed("#rrggbb");
  } else if (option == "enlarge") {
    if (value != "true" && value != "false") return not_allowed("true, false");
    spec.enlarge = value == "true";
  } else {
    return Status(Code::not_found, fmt::format("there is no rendition option \"{}\"", option));
  }
  return Status();
}

Status validate(const RenditionSpec& spec) {
  if (!is_rendition_name(spec.name)) {
    return Status(Code::invalid_argument,
                  fmt::format("rendition name \"{}\" is not allowed: a to z, 0 to 9, _ and -, at "
                              "most 32 characters",
                              spec.name));
  }
  if (spec.width_px > kMaxRenditionSide) return bad_side("width", spec.width_px);
  if (spec.height_px > kMaxRenditionSide) return bad_side("height", spec.height_px);
  if (spec.width_px == 0 && spec.height_px == 0) return bad_side("width and height", 0);
  if (spec.quality < 1 || spec.quality > 100) {
    return Status(Code::invalid_argument,
                  fmt::format("quality is {}; allowed: 1 to 100", spec.quality));
  }
  if (spec.format && !image_format_info(*spec.format).can_encode) {
    return Status(Code::invalid_argument,
                  fmt::format("format \"{}\" cannot be written; allowed: {}",
                              image_format_info(*spec.format).name, encodable_formats()));
  }
  return Status();
}

Status validate(const std::vector<RenditionSpec>& specs) {
  if (specs.empty() || specs.size() > kMaxRenditionsPerJob) {
    return Status(Code::invalid_argument, fmt::format("{} renditions asked for; allowed: 1 to {}",
                                                      specs.size(), kMaxRenditionsPerJob));
  }
  std::set<std::string_view> names;
  for (const RenditionSpec& spec : specs) {
    RETURN_IF_ERROR(validate(spec));
    if (!names.insert(spec.name).second) {
      return Status(Code::invalid_argument,
                    fmt::format("rendition \"{}\" is asked for twice", spec.name));
    }
  }
  return Status();
}

FitPlan plan_fit(SizePx source, const RenditionSpec& spec) {
  THUMBMILL_CHECK(source.width > 0 && source.height > 0);
  const SizePx box = whole_box(source, spec);
  const double scale_x = static_cast<double>(box.width) / source.width;
  const double scale_y = static_cast<double>(box.height) / source.height;
  const double most = spec.enlarge ? std::max(scale_x, scale_y) : 1.0;
  // A side that follows leaves nothing to cut off; its rounding must not either.
  const bool follows = spec.width_px == 0 || spec.height_px == 0;
  switch (spec.fit == Fit::cover && follows ? Fit::inside : spec.fit) {
    case Fit::inside: {
      const SizePx scaled = scale_size(source, std::min({scale_x, scale_y, most}));
      return {scaled, scaled, scaled};
    }
    case Fit::contain: {
      const SizePx scaled = scale_size(source, std::min({scale_x, scale_y, most}));
      return {scaled, scaled, box};
    }
    case Fit::cover: {
      const SizePx scaled = scale_size(source, std::min(std::max(scale_x, scale_y), most));
      const SizePx crop{std::min(scaled.width, box.width), std::min(scaled.height, box.height)};
      return {scaled, crop, crop};
    }
    case Fit::fill: {
      const SizePx scaled{scaled_side(source.width, std::min(scale_x, most)),
                          scaled_side(source.height, std::min(scale_y, most))};
      return {scaled, scaled, scaled};
    }
  }
  THUMBMILL_CHECK(false);
  return {};
}

}  // namespace thumbmill
