#include "image/psd/container.h"

#include <algorithm>
#include <array>

#include "image/byte_order.h"

namespace thumbmill::psd {
namespace {

Status corrupt() {
  return Status(Code::corrupt_input, "the image cannot be decoded", "a PSD's sections");
}

Status unsupported(const char* what) { return Status(Code::unsupported, what); }

std::optional<Mode> mode_of(std::uint32_t value) {
  switch (value) {
    case 0:
      return Mode::bitmap;
    case 1:
    case 7:  // multichannel: the first one
    case 8:  // duotone: what the inks are laid over
      return Mode::grey;
    case 2:
      return Mode::indexed;
    case 3:
      return Mode::rgb;
    case 4:
      return Mode::cmyk;
    case 9:
      return Mode::lab;
    default:
      return std::nullopt;
  }
}

bool depth_fits(Mode mode, unsigned depth) {
  if (mode == Mode::bitmap) return depth == 1;
  if (mode == Mode::indexed) return depth == 8;
  return depth == 8 || depth == 16 || (depth == 32 && (mode == Mode::grey || mode == Mode::rgb));
}

std::uint64_t length_at(std::string_view bytes, std::size_t at, std::size_t size) {
  if (size == 4) return big_endian_at(bytes, at, 4);
  return std::uint64_t{big_endian_at(bytes, at, 4)} << 32 | big_endian_at(bytes, at + 4, 4);
}

// Cuts a section with a length in front of `size` bytes off. Nothing when it is not all there.
std::optional<std::string_view> take_section(std::string_view& rest, std::size_t size) {
  if (rest.size() < size) return std::nullopt;
  const std::uint64_t length = length_at(rest, 0, size);
  if (length > rest.size() - size) return std::nullopt;
  const std::string_view section = rest.substr(size, length);
  rest.remove_prefix(size + length);
  return section;
}

struct Resources {
  std::string_view profile;
  std::optional<std::uint32_t> clear_index = {};
  bool has_merged_picture = true;
};

// Section "Image Resources": an identifier, a name, and data, both in whole words of 16 bits.
Resources read_resources(std::string_view rest) {
  constexpr std::uint32_t kProfile = 1039;
  constexpr std::uint32_t kTransparencyIndex = 1047;
  constexpr std::uint32_t kVersionInfo = 1057;
  Resources resources;
  while (rest.size() >= 12 && rest.starts_with("8B")) {
    const std::uint32_t id = big_endian_at(rest, 4, 2);
    const std::size_t name = big_endian_at(rest, 6, 1) + 1;
    rest = bytes_at(rest, 6 + name + name % 2);
    const auto data = take_section(rest, 4);
    if (!data) break;
    if (data->size() % 2 == 1) rest = bytes_at(rest, 1);
    if (id == kProfile) resources.profile = *data;
    if (id == kTransparencyIndex && data->size() >= 2) {
      resources.clear_index = big_endian_at(*data, 0, 2);
    }
    if (id == kVersionInfo && data->size() >= 5) {
      resources.has_merged_picture = big_endian_at(*data, 4, 1) != 0;
    }
  }
  return resources;
}

// A negative count of layers says that the first channel behind the colours is transparency.
bool count_is_negative(std::string_view layers) {
  return layers.size() >= 2 && static_cast<std::int16_t>(big_endian_at(layers, 0, 2)) < 0;
}

// Section "Layer and Mask Information". Deep pictures have their layers in a tagged block.
bool has_merged_alpha(std::string_view rest, bool is_large) {
  using namespace std::string_view_literals;
  // Keys whose length has 8 bytes in a PSB.
  constexpr std::array kLongKeys{"LMsk"sv, "Lr16"sv, "Lr32"sv, "Layr"sv, "Mt16"sv,
                                 "Mt32"sv, "Mtrn"sv, "Alph"sv, "FMsk"sv, "lnk2"sv,
                                 "FEid"sv, "FXid"sv, "PxSD"sv};
  const auto layers = take_section(rest, is_large ? 8 : 4);
  if (!layers) return false;
  if (count_is_negative(*layers)) return true;
  if (!take_section(rest, 4)) return false;  // the global layer mask
  while (rest.size() >= 12) {
    const std::string_view key = rest.substr(4, 4);
    const bool tagged = rest.starts_with("8BIM") || rest.starts_with("8B64");
    if (!tagged) {  // blocks may be padded
      rest.remove_prefix(1);
      continue;
    }
    const bool is_long =
        is_large && std::find(kLongKeys.begin(), kLongKeys.end(), key) != kLongKeys.end();
    rest.remove_prefix(8);
    const auto data = take_section(rest, is_long ? 8 : 4);
    if (!data) return false;
    if (key == "Mtrn" || key == "Mt16" || key == "Mt32") return true;
    if ((key == "Lr16" || key == "Lr32" || key == "Layr") && count_is_negative(*data)) return true;
  }
  return false;
}

}  // namespace

std::size_t Parts::colors() const {
  switch (mode) {
    case Mode::bitmap:
    case Mode::grey:
    case Mode::indexed:
      return 1;
    case Mode::rgb:
    case Mode::lab:
      return 3;
    case Mode::cmyk:
      return 4;
  }
  return 0;
}

Result<Parts> take_psd_apart(std::string_view file) {
  constexpr std::size_t kHeaderBytes = 26;
  constexpr std::size_t kMostChannels = 56;
  const std::uint32_t version = big_endian_at(file, 4, 2);
  if (!file.starts_with("8BPS") || file.size() < kHeaderBytes || version < 1 || version > 2) {
    return corrupt();
  }
  Parts parts;
  parts.is_large = version == 2;
  parts.channels = big_endian_at(file, 12, 2);
  parts.size = {big_endian_at(file, 18, 4), big_endian_at(file, 14, 4)};
  parts.depth_bits = big_endian_at(file, 22, 2);
  const auto mode = mode_of(big_endian_at(file, 24, 2));
  if (!mode) return unsupported("a PSD in this color mode is not decoded");
  parts.mode = *mode;
  if (parts.size.width == 0 || parts.size.height == 0 || parts.channels > kMostChannels ||
      parts.channels < parts.colors()) {
    return corrupt();
  }
  if (!depth_fits(parts.mode, parts.depth_bits)) {
    return unsupported("a PSD of this depth is not decoded");
  }
  std::string_view rest = file.substr(kHeaderBytes);
  const auto palette = take_section(rest, 4);
  if (!palette) return corrupt();
  const auto resource_section = take_section(rest, 4);
  if (!resource_section) return corrupt();
  const auto layers = take_section(rest, parts.is_large ? 8 : 4);
  if (!layers || rest.size() < 2) return corrupt();
  const Resources resources = read_resources(*resource_section);
  if (!resources.has_merged_picture) return unsupported("a PSD without its merged picture");
  const std::uint32_t compression = big_endian_at(rest, 0, 2);
  if (compression == 2 || compression == 3) return unsupported("a PSD in ZIP is not decoded");
  if (compression > 3) return corrupt();
  parts.packed = compression == 1;
  parts.palette = *palette;
  parts.profile = resources.profile;
  if (parts.mode == Mode::indexed) parts.clear_index = resources.clear_index;
  parts.has_alpha = parts.channels > parts.colors() && has_merged_alpha(*layers, parts.is_large);
  parts.data = rest.substr(2);
  return parts;
}

}  // namespace thumbmill::psd
