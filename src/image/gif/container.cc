#include "image/gif/container.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

#include "image/byte_order.h"

namespace thumbmill::gif {
namespace {

constexpr std::size_t kHeaderBytes = 13;  // signature and logical screen descriptor
constexpr std::size_t kDescriptorBytes = 9;
constexpr unsigned kMostLiteralBits = 11;

Status corrupt(std::string_view why) {
  return Status(Code::corrupt_input, "the image cannot be decoded", std::string(why));
}

// The color table that a descriptor's flags announce, which is cut off from `rest`.
std::string_view take_color_table(std::uint32_t flags, std::string_view& rest) {
  if ((flags & 0x80) == 0) return {};
  const std::string_view table = rest.substr(0, std::size_t{6} << (flags & 7));
  rest.remove_prefix(table.size());
  return table;
}

// Cuts a chain of sub-blocks off `rest`, with the empty one that ends it, and gives the first one.
std::string_view take_sub_blocks(std::string_view& rest) {
  std::optional<std::string_view> first;
  while (!rest.empty()) {
    const std::size_t size = little_endian_at(rest, 0, 1);
    const std::string_view block = bytes_at(rest, 1, size);
    if (!first) first = block;
    rest = bytes_at(rest, 1 + size);
    if (size == 0) break;
  }
  return first.value_or(std::string_view());
}

void set_palette(Frame& frame, std::string_view table) {
  frame.palette.fill({0, 0, 0, 255});
  for (std::size_t i = 0; i < table.size() / 3; ++i) {
    std::memcpy(frame.palette[i].data(), table.data() + 3 * i, 3);
  }
}

class Reader {
 public:
  explicit Reader(std::string_view file)
      : screen_{little_endian_at(file, 6, 2), little_endian_at(file, 8, 2)},
        rest_(bytes_at(file, kHeaderBytes)),
        global_table_(take_color_table(little_endian_at(file, 10, 1), rest_)) {}

  Result<Frame> first_frame();

 private:
  std::optional<Frame> take_frame();
  void take_extension();

  SizePx screen_;
  std::string_view rest_;
  std::string_view global_table_;
  std::optional<std::uint8_t> clear_index_;  // of the latest graphic control extension
};

void Reader::take_extension() {
  constexpr std::uint32_t kGraphicControl = 0xf9;  // section 23
  const std::uint32_t label = little_endian_at(rest_, 0, 1);
  rest_ = bytes_at(rest_, 1);
  const std::string_view block = take_sub_blocks(rest_);
  if (label != kGraphicControl || block.size() < 4) return;
  clear_index_.reset();
  if ((block[0] & 1) != 0) clear_index_ = static_cast<std::uint8_t>(block[3]);
}

// Nothing for a frame without pixels, which is ignored.
std::optional<Frame> Reader::take_frame() {
  Frame frame;
  frame.left = little_endian_at(rest_, 0, 2);
  frame.top = little_endian_at(rest_, 2, 2);
  frame.size = {little_endian_at(rest_, 4, 2), little_endian_at(rest_, 6, 2)};
  frame.canvas = {std::max(screen_.width, frame.left + frame.size.width),
                  std::max(screen_.height, frame.top + frame.size.height)};
  const std::uint32_t flags = little_endian_at(rest_, 8, 1);
  frame.interlaced = (flags & 0x40) != 0;
  rest_ = bytes_at(rest_, kDescriptorBytes);
  const std::string_view local_table = take_color_table(flags, rest_);
  set_palette(frame, (flags & 0x80) != 0 ? local_table : global_table_);
  if (clear_index_) frame.palette[*clear_index_] = {0, 0, 0, 0};
  frame.has_transparency = clear_index_.has_value();
  clear_index_.reset();
  frame.literal_bits = little_endian_at(rest_, 0, 1);
  frame.data = rest_ = bytes_at(rest_, 1);
  take_sub_blocks(rest_);
  if (frame.size.width == 0 || frame.size.height == 0) return std::nullopt;
  return frame;
}

Result<Frame> Reader::first_frame() {
  constexpr std::uint32_t kExtension = 0x21;
  constexpr std::uint32_t kImage = 0x2c;
  while (!rest_.empty()) {
    const std::uint32_t kind = little_endian_at(rest_, 0, 1);
    rest_ = bytes_at(rest_, 1);
    if (kind == kExtension) {
      take_extension();
    } else if (kind == kImage && rest_.size() > kDescriptorBytes) {
      const std::optional<Frame> frame = take_frame();
      if (!frame) continue;
      if (frame->literal_bits < 1 || frame->literal_bits > kMostLiteralBits) {
        return corrupt("a GIF's code size");
      }
      return *frame;
    } else {
      break;  // the trailer, or garbage: nothing behind it is shown
    }
  }
  return corrupt("a GIF without a frame");
}

}  // namespace

Result<Frame> read_first_frame(std::string_view file) {
  const bool is_gif = file.starts_with("GIF87a") || file.starts_with("GIF89a");
  if (!is_gif || file.size() < kHeaderBytes) return corrupt("a GIF's header");
  return Reader(file).first_frame();
}

}  // namespace thumbmill::gif
