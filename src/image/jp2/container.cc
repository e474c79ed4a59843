#include "image/jp2/container.h"

#include <algorithm>

#include <fmt/format.h>

#include "image/jp2/bytes.h"
#include "image/jp2/codestream.h"

namespace thumbmill::jp2 {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "\0\0\0\x0cjP  \r\n\x87\n"sv;  // I.5.1
constexpr std::string_view kCodestream = "\xff\x4f\xff\x51"sv;         // A.4.1, A.5.1
constexpr std::size_t kMostPaletteRows = 1024;                         // I.5.3.4

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

struct Box {
  std::string_view type;
  std::string_view contents;
  bool is_cut_off = false;  // by what it lies in: a file, or a box around it
};

// I.4. Nothing at the end, and behind a box whose length makes no sense. A box that is cut off ends
// with the file.
std::optional<Box> next_box(std::string_view& rest) {
  Bytes bytes(rest);
  std::uint64_t length = bytes.u32();
  Box box;
  box.type = bytes.view(4);
  std::uint64_t header = 8;
  if (length == 1) {
    length = bytes.number(8);
    header = 16;
  } else if (length == 0) {
    length = rest.size();
  }
  if (bytes.failed() || length < header) return std::nullopt;
  const std::uint64_t end = std::min<std::uint64_t>(length, rest.size());
  box.is_cut_off = length > end;
  box.contents = rest.substr(header, end - header);
  rest.remove_prefix(end);
  return box;
}

// Whether `profile` is for a number of channels that we know; ICC.1:2010 7.2.6.
ColorSpace space_of_profile(std::string_view profile) {
  constexpr std::size_t kAt = 16;
  if (profile.size() < kAt + 4) return ColorSpace::unknown;
  const std::string_view space = profile.substr(kAt, 4);
  if (space == "RGB ") return ColorSpace::srgb;
  if (space == "GRAY") return ColorSpace::grey;
  if (space == "CMYK") return ColorSpace::cmyk;
  return ColorSpace::unknown;
}

// Table I.10, and ISO/IEC 15444-2 table M.25. e-sYCC is sYCC with room for brighter chroma.
ColorSpace space_of_number(std::uint32_t number) {
  switch (number) {
    case 12:
      return ColorSpace::cmyk;
    case 16:
      return ColorSpace::srgb;
    case 17:
      return ColorSpace::grey;
    case 18:
    case 24:
      return ColorSpace::ycc;
    default:
      return ColorSpace::unknown;
  }
}

// What is gathered from the boxes of a header.
struct Header {
  Container made;
  bool has_colors = false;  // a colour specification that is read was found
  bool has_unread_colors = false;
};

// I.5.3.3: the first one that is read counts.
void read_colors(std::string_view contents, Header& header) {
  if (header.has_colors) return;
  Bytes bytes(contents);
  const std::uint8_t method = bytes.u8();
  bytes.u16();  // precedence, approximation
  ColorSpace space = ColorSpace::unknown;
  if (method == 1) {
    space = space_of_number(bytes.u32());
  } else if (method == 2 || method == 3) {
    space = space_of_profile(bytes.rest());
    if (space != ColorSpace::unknown) header.made.profile = std::string(bytes.rest());
  }
  header.has_colors = space != ColorSpace::unknown;
  header.has_unread_colors |= !header.has_colors;
  header.made.space = space;
}

std::uint16_t in_16_bits(std::uint64_t value, std::uint32_t bits, bool is_signed) {
  const std::uint64_t most = (std::uint64_t{1} << bits) - 1;
  value &= most;
  if (is_signed) value ^= std::uint64_t{1} << (bits - 1);
  const double scaled = static_cast<double>(value) * 65535 / static_cast<double>(most);
  return static_cast<std::uint16_t>(scaled + 0.5);
}

Status read_palette(std::string_view contents, Palette& palette) {
  Bytes bytes(contents);
  const std::size_t rows = bytes.u16();
  const std::size_t columns = bytes.u8();
  if (rows == 0 || rows > kMostPaletteRows || columns == 0) return corrupt("a JP2's palette");
  std::vector<std::uint8_t> depths;
  for (std::size_t i = 0; i < columns; ++i) depths.push_back(bytes.u8());
  palette = {};
  palette.columns = columns;
  for (std::size_t i = 0; i < rows * columns && !bytes.failed(); ++i) {
    const std::uint8_t depth = depths[i % columns];
    const std::uint32_t bits = (depth & 0x7fu) + 1;
    if (bits > 38) return corrupt("a JP2's palette");
    palette.values.push_back(in_16_bits(bytes.number((bits + 7) / 8), bits, (depth & 0x80) != 0));
  }
  return bytes.failed() ? corrupt("a JP2's palette is cut off") : Status();
}

Status read_channels(std::string_view contents, std::vector<Channel>& channels) {
  Bytes bytes(contents);
  channels.clear();
  while (!bytes.rest().empty()) {
    Channel channel;
    channel.component = bytes.u16();
    const std::uint8_t kind = bytes.u8();
    const std::uint8_t column = bytes.u8();
    if (bytes.failed() || kind > 1 || channels.size() == kMostComponents) {
      return corrupt("a JP2's component mapping");
    }
    if (kind == 1) channel.palette_column = column;
    channels.push_back(channel);
  }
  return Status();
}

Status read_definitions(std::string_view contents, std::vector<ChannelDefinition>& definitions) {
  using Kind = ChannelDefinition::Kind;
  Bytes bytes(contents);
  const std::size_t count = bytes.u16();
  definitions.clear();
  for (std::size_t i = 0; i < count; ++i) {
    ChannelDefinition definition;
    definition.channel = bytes.u16();
    const std::uint16_t kind = bytes.u16();
    const std::uint16_t belongs_to = bytes.u16();
    if (bytes.failed() || definitions.size() == kMostComponents) {
      return corrupt("a JP2's channel definition");
    }
    const bool known_color = belongs_to >= 1 && belongs_to <= kMostComponents;
    definition.kind = kind == 0 && known_color ? Kind::color
                      : kind == 1              ? Kind::alpha
                      : kind == 2              ? Kind::premultiplied_alpha
                                               : Kind::other;
    definition.color = known_color ? belongs_to - 1u : 0;
    definitions.push_back(definition);
  }
  return Status();
}

// I.5.3.7: only looked at for damage, as other readers do.
Status check_resolution(std::string_view contents) {
  while (const auto box = next_box(contents)) {
    if (box->is_cut_off) return corrupt("a JP2's resolution box");
  }
  return Status();
}

Status read_header(std::string_view contents, Header& header) {
  Container& made = header.made;
  while (const auto box = next_box(contents)) {
    if (box->is_cut_off) return corrupt("a JP2's header box");
    if (box->type == "res ") RETURN_IF_ERROR(check_resolution(box->contents));
    if (box->type == "colr") read_colors(box->contents, header);
    if (box->type == "pclr") RETURN_IF_ERROR(read_palette(box->contents, made.palette));
    if (box->type == "cmap") RETURN_IF_ERROR(read_channels(box->contents, made.channels));
    if (box->type == "cdef") RETURN_IF_ERROR(read_definitions(box->contents, made.definitions));
  }
  return Status();
}

// Every palette column that is named is there; without names, each column is a channel.
Status check_palette(Container& container) {
  if (container.palette.columns > kMostComponents) {
    return Status(Code::unsupported,
                  fmt::format("a JPEG 2000 palette with {} columns", container.palette.columns));
  }
  if (container.palette.columns > 0 && container.channels.empty()) {
    for (std::size_t i = 0; i < container.palette.columns; ++i)
      container.channels.push_back({0, i});
  }
  for (const Channel& channel : container.channels) {
    if (channel.palette_column && *channel.palette_column >= container.palette.columns) {
      return corrupt("a JP2's component mapping");
    }
  }
  return Status();
}

}  // namespace

Result<Container> read_container(std::string_view file) {
  if (file.starts_with(kCodestream)) {
    Container alone;
    alone.codestream = file;
    return alone;
  }
  if (!file.starts_with(kSignature)) return corrupt("neither a JP2 nor a JPEG 2000 codestream");
  Header header;
  while (const auto box = next_box(file)) {
    if (box->type == "jp2h") RETURN_IF_ERROR(read_header(box->contents, header));
    if (box->type != "jp2c") continue;
    if (!header.has_colors && header.has_unread_colors) {
      return Status(Code::unsupported, "a JPEG 2000 in colours that are not read");
    }
    RETURN_IF_ERROR(check_palette(header.made));
    header.made.codestream = box->contents;
    return std::move(header.made);
  }
  return corrupt("a JP2 without a codestream");
}

}  // namespace thumbmill::jp2
