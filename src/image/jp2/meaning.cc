#include <algorithm>

#include <fmt/format.h>

#include "image/jp2/channels.h"

namespace thumbmill::jp2 {
namespace {

using Kind = ChannelDefinition::Kind;
using planar::ColorModel;

std::size_t color_count(ColorSpace space) {
  switch (space) {
    case ColorSpace::grey:
      return 1;
    case ColorSpace::cmyk:
      return 4;
    default:
      return 3;
  }
}

ColorModel model_of(ColorSpace space) {
  switch (space) {
    case ColorSpace::grey:
      return ColorModel::grey;
    case ColorSpace::ycc:
      return ColorModel::ycbcr;
    case ColorSpace::cmyk:
      return ColorModel::cmyk;
    default:
      return ColorModel::rgb;
  }
}

// I.5.3.5: without a mapping, channels are components.
std::vector<Channel> channels_of(const Container& container, const Codestream& codestream) {
  if (!container.channels.empty()) return container.channels;
  std::vector<Channel> channels;
  for (std::size_t i = 0; i < codestream.components.size(); ++i) channels.push_back({i, {}});
  return channels;
}

bool has_small_chroma(const std::vector<Channel>& channels, const Codestream& codestream) {
  const auto area = [&](std::size_t i) {
    const Component& component = codestream.components[channels[i].component];
    return component.dx * component.dy;
  };
  return channels.size() == 3 && area(1) == area(2) && area(1) > area(0);
}

// Where the file does not say, or says what its channels cannot be.
ColorSpace guess(const std::vector<Channel>& channels, const Codestream& codestream) {
  if (channels.size() <= 2) return ColorSpace::grey;
  return has_small_chroma(channels, codestream) ? ColorSpace::ycc : ColorSpace::srgb;
}

void assign(const std::vector<Channel>& channels, const std::vector<ChannelDefinition>& definitions,
            std::vector<std::optional<Channel>>& colors, Meaning& meaning) {
  for (const ChannelDefinition& definition : definitions) {
    if (definition.channel >= channels.size()) continue;
    const Channel& channel = channels[definition.channel];
    if (definition.kind == Kind::color && definition.color < colors.size()) {
      colors[definition.color] = channel;
    } else if (definition.kind == Kind::alpha || definition.kind == Kind::premultiplied_alpha) {
      meaning.alpha = channel;
      meaning.premultiplied = definition.kind == Kind::premultiplied_alpha;
    }
  }
}

}  // namespace

Result<Meaning> find_meaning(const Container& container, const Codestream& codestream) {
  const std::vector<Channel> channels = channels_of(container, codestream);
  for (const Channel& channel : channels) {
    if (channel.component >= codestream.components.size()) {
      return Status(Code::corrupt_input, "the image cannot be decoded",
                    "a JP2's component mapping");
    }
  }
  ColorSpace space = container.space;
  Meaning meaning;
  meaning.uses_profile = !container.profile.empty();
  if (space == ColorSpace::unknown || color_count(space) > channels.size()) {
    if (space == ColorSpace::unknown && channels.size() > 4) {
      return Status(
          Code::unsupported,
          fmt::format("a JPEG 2000 with {} channels of unknown colours", channels.size()));
    }
    space = guess(channels, codestream);
    meaning.uses_profile = false;
  }
  meaning.model = model_of(space);
  std::vector<std::optional<Channel>> colors(color_count(space));
  if (container.definitions.empty()) {
    for (std::size_t i = 0; i < colors.size(); ++i) colors[i] = channels[i];
    if (channels.size() == colors.size() + 1) meaning.alpha = channels.back();
  } else {
    assign(channels, container.definitions, colors, meaning);
  }
  for (std::size_t i = 0; i < colors.size(); ++i) {
    // Some writers define alpha only.
    meaning.colors.push_back(colors[i].value_or(channels[i]));
    meaning.has_palette |= meaning.colors.back().palette_column.has_value();
  }
  if (meaning.model == ColorModel::cmyk) meaning.alpha.reset();
  if (meaning.alpha) meaning.has_palette |= meaning.alpha->palette_column.has_value();
  return meaning;
}

}  // namespace thumbmill::jp2
