#include "image/bmp/dib.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "image/byte_order.h"

namespace thumbmill::bmp {
namespace {

// Sizes of headers.
constexpr std::uint32_t kCore = 12;
constexpr std::uint32_t kShortestOs2 = 16;
constexpr std::uint32_t kWindows3 = 40;
constexpr std::uint32_t kWithMasks = 52;
constexpr std::uint32_t kWithAlphaMask = 56;
constexpr std::uint32_t kLongestOs2 = 64;
constexpr std::uint32_t kWindows4 = 108;
constexpr std::uint32_t kWindows5 = 124;

Status corrupt() {
  return Status(Code::corrupt_input, "the image cannot be decoded", "a bitmap's header");
}

// Values of biCompression; OS/2 has others than Windows from 3 on.
enum : std::uint32_t {
  kRgb = 0,
  kRle8 = 1,
  kRle4 = 2,
  kBitfields = 3,
  kJpeg = 4,
  kPng = 5,
  kAlphaBitfields = 6,
  kOs2Huffman = 3,
  kOs2Rle24 = 4,
};

class Reader {
 public:
  Reader(std::string_view bytes, Container container)
      : bytes_(bytes), in_icon_(container == Container::icon), header_bytes_(field(0, 4)) {}

  Result<Dib> read(std::size_t data_offset);

 private:
  std::uint32_t field(std::size_t at, std::size_t size) const {
    return little_endian_at(bytes_, at, size);
  }
  // A field of the information header; 0 when the header ends before it.
  std::uint32_t header_field(std::size_t at, std::size_t size) const {
    return at + size <= header_bytes_ ? field(at, size) : 0;
  }

  bool is_core() const { return header_bytes_ == kCore; }
  // OS/2 2.x headers may be cut after any field. 40 bytes are Windows', and 52 and 56 Adobe's.
  bool is_os2() const {
    return header_bytes_ < kWindows3 ||
           (header_bytes_ <= kLongestOs2 && header_bytes_ > kWindows3 &&
            header_bytes_ != kWithMasks && header_bytes_ != kWithAlphaMask);
  }

  Status read_size();
  Status read_compression();
  void read_masks();
  bool check_masks();
  void read_palette(std::size_t data_offset);
  void read_profile();

  const std::string_view bytes_;
  const bool in_icon_;
  const std::uint32_t header_bytes_;
  std::uint32_t compression_ = kRgb;
  std::size_t end_ = 0;  // of the headers, as far as they were read
  Dib dib_;
};

Status Reader::read_size() {
  if (is_core()) {
    dib_.size = {field(4, 2), field(6, 2)};
    dib_.bits = field(10, 2);
  } else {
    const auto width = static_cast<std::int32_t>(field(4, 4));
    const auto height = static_cast<std::int32_t>(field(8, 4));
    if (width <= 0 || height == std::numeric_limits<std::int32_t>::min()) return corrupt();
    dib_.top_down = height < 0;
    dib_.size = {static_cast<std::uint32_t>(width),
                 static_cast<std::uint32_t>(height < 0 ? -height : height)};
    dib_.bits = field(14, 2);
    compression_ = header_field(16, 4);
  }
  if (in_icon_) dib_.size.height /= 2;  // colours, and the mask below them
  return dib_.size.width > 0 && dib_.size.height > 0 ? Status() : corrupt();
}

Status Reader::read_compression() {
  const unsigned bits = dib_.bits;
  const bool windows = !is_os2() && !is_core();
  const auto only = [&](bool fits, Compression compression) {
    dib_.compression = compression;
    return fits ? Status() : corrupt();
  };
  if (compression_ == kRle8) return only(bits == 8, Compression::rle8);
  if (compression_ == kRle4) return only(bits == 4, Compression::rle4);
  if (!windows && compression_ == kOs2Rle24 && bits == 24) {
    return only(true, Compression::rle24);
  }
  if (windows ? compression_ == kJpeg || compression_ == kPng
              : compression_ == kOs2Huffman && bits == 1) {
    return Status(Code::unsupported, "a BMP with pixels of another format is not decoded");
  }
  if (windows && (compression_ == kBitfields || compression_ == kAlphaBitfields)) {
    return only(bits == 16 || bits == 32, Compression::none);
  }
  constexpr unsigned kDepths[] = {1, 2, 4, 8, 16, 24, 32};
  const bool known = std::find(std::begin(kDepths), std::end(kDepths), bits) != std::end(kDepths);
  return only(known && compression_ == kRgb, Compression::none);
}

// As in Chromium: of headers without a mask for alpha, the fourth byte is alpha in icons only.
void Reader::read_masks() {
  const bool bitfields = compression_ == kBitfields || compression_ == kAlphaBitfields;
  if (bitfields) {
    const bool with_alpha = compression_ == kAlphaBitfields || header_bytes_ >= kWithAlphaMask;
    const std::size_t count = with_alpha ? 4 : 3;
    for (std::size_t i = 0; i < count; ++i) dib_.masks[i] = field(kWindows3 + 4 * i, 4);
    if (header_bytes_ < kWithMasks) end_ += count * 4;
    return;
  }
  if (dib_.bits == 16) {
    dib_.masks = {0x7c00, 0x03e0, 0x001f, 0};
  } else {
    dib_.masks = {0xff0000, 0x00ff00, 0x0000ff, 0};
  }
  if (header_bytes_ >= kWindows4 && dib_.bits != 24) {
    dib_.masks[3] = field(kWithMasks, 4);
  } else if (in_icon_ && dib_.bits == 32) {
    dib_.masks[3] = 0xff000000;
  }
}

// Each mask is one run of bits, in the pixel, and of no other channel. A mask for alpha that is not
// is dropped: writers leave garbage there.
bool Reader::check_masks() {
  std::uint32_t taken = dib_.bits == 16 ? 0xffff0000 : 0;
  const auto fits = [&taken](std::uint32_t mask) {
    if (mask == 0) return true;
    const std::uint32_t run = mask >> std::countr_zero(mask);
    const bool alone = (run & (run + 1)) == 0 && (taken & mask) == 0;
    taken |= mask;
    return alone;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    if (!fits(dib_.masks[i])) return false;
  }
  if (!fits(dib_.masks[3])) dib_.masks[3] = 0;
  return true;
}

// A palette may be shorter than announced: it ends where the pixels begin.
void Reader::read_palette(std::size_t data_offset) {
  dib_.palette_entry = is_core() ? 3 : 4;
  const std::uint32_t most = dib_.bits <= 8 ? 1u << dib_.bits : 0;
  const std::uint32_t announced = is_core() ? 0 : header_field(32, 4);
  const std::uint32_t entries = announced == 0 ? most : std::min(announced, most);
  dib_.palette = bytes_at(bytes_, end_, entries * dib_.palette_entry);
  if (data_offset > end_) dib_.palette = dib_.palette.substr(0, data_offset - end_);
  const std::size_t behind = end_ + dib_.palette.size();
  dib_.data = bytes_at(bytes_, data_offset > end_ ? data_offset : behind);
}

void Reader::read_profile() {
  constexpr std::uint32_t kEmbedded = 0x4d424544;  // 'MBED', of bV5CSType
  constexpr std::uint32_t kMostProfile = 4 << 20;
  if (header_bytes_ < kWindows5 || field(56, 4) != kEmbedded) return;
  const std::uint32_t size = field(116, 4);
  const std::string_view profile = bytes_at(bytes_, field(112, 4), size);
  if (size <= kMostProfile && profile.size() == size) dib_.profile = profile;
}

Result<Dib> Reader::read(std::size_t data_offset) {
  if (!is_core() && header_bytes_ < kShortestOs2) return corrupt();
  if (header_bytes_ > bytes_.size()) return corrupt();
  end_ = header_bytes_;
  RETURN_IF_ERROR(read_size());
  RETURN_IF_ERROR(read_compression());
  if (dib_.bits > 8) {
    read_masks();
    if (!check_masks()) return corrupt();
  }
  read_palette(data_offset);
  read_profile();
  return dib_;
}

}  // namespace

Result<Dib> read_dib(std::string_view bytes, std::size_t data_offset, Container container) {
  return Reader(bytes, container).read(data_offset);
}

}  // namespace thumbmill::bmp
