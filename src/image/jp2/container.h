// What a JP2 file says around its codestream (ISO/IEC 15444-1 annex I): colours, a palette, and
// which channel is what. A file may also be a codestream alone, which says none of it. Boxes that
// are not needed for a picture's pixels are skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace thumbmill::jp2 {

/// Of the colour specification box, I.5.3.3 and ISO/IEC 15444-2 M.11.7.3: those that are read.
enum class ColorSpace { unknown, srgb, grey, ycc, cmyk };

/// I.5.3.4. Values are scaled to 16 bits.
struct Palette {
  std::size_t columns = 0;
  std::vector<std::uint16_t> values;  ///< row after row of `columns`
};

/// I.5.3.5: where a channel's samples come from.
struct Channel {
  std::size_t component = 0;
  std::optional<std::size_t> palette_column;  ///< nothing: the component's samples as they are
};

/// I.5.3.6.
struct ChannelDefinition {
  enum class Kind { color, alpha, premultiplied_alpha, other };
  std::size_t channel = 0;
  Kind kind = Kind::color;
  std::size_t color = 0;  ///< of Kind::color: which, from 0 on
};

struct Container {
  std::string_view codestream;
  ColorSpace space = ColorSpace::unknown;
  std::string profile;                         ///< ICC; may be empty
  Palette palette;                             ///< with columns only if there is one
  std::vector<Channel> channels;               ///< empty: the components in their order
  std::vector<ChannelDefinition> definitions;  ///< empty: not said
};

/// `file` outlives the result. corrupt_input: no codestream is found, or a box says what cannot be.
/// unsupported: colours that are not read, such as Lab.
Result<Container> read_container(std::string_view file);

}  // namespace thumbmill::jp2
