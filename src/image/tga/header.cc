#include "image/tga/header.h"

#include "image/byte_order.h"

namespace thumbmill::tga {
namespace {

constexpr std::size_t kHeaderBytes = 18;

Status corrupt() {
  return Status(Code::corrupt_input, "the image cannot be decoded", "a TGA's header");
}

bool is_color_depth(unsigned bits) { return bits == 15 || bits == 16 || bits == 24 || bits == 32; }

// Field 3, "image type": 8 more for run lengths.
bool read_kind(unsigned type, Header& header) {
  constexpr unsigned kRunLengths = 8;
  header.run_lengths = (type & kRunLengths) != 0;
  switch (type & ~kRunLengths) {
    case 1:
      header.color = Color::indexed;
      return (header.bits == 8 || header.bits == 16) && is_color_depth(header.palette_bits);
    case 2:
      header.color = Color::rgb;
      return is_color_depth(header.bits);
    case 3:
      header.color = Color::grey;
      return header.bits == 8 || header.bits == 16;
    default:
      return false;
  }
}

// Bits 4 and 5 of the descriptor: from the right to the left, and from the top to the bottom.
int orientation_of(unsigned descriptor) {
  constexpr int kOrientations[] = {4, 3, 1, 2};
  return kOrientations[descriptor >> 4 & 3];
}

// "Attributes type" of the extension area (field 24), which a footer points to.
Alpha alpha_of(std::string_view file, unsigned attribute_bits) {
  using namespace std::string_view_literals;
  constexpr std::string_view kSignature = "TRUEVISION-XFILE.\0"sv;
  constexpr std::size_t kFooterBytes = 26;
  constexpr std::size_t kExtensionBytes = 495;
  if (attribute_bits == 0) return Alpha::none;
  if (!file.ends_with(kSignature) || file.size() < kFooterBytes) return Alpha::straight;
  const std::size_t extension = little_endian_at(file, file.size() - kFooterBytes, 4);
  if (extension == 0 || bytes_at(file, extension).size() < kExtensionBytes) return Alpha::straight;
  switch (little_endian_at(file, extension + kExtensionBytes - 1, 1)) {
    case 3:
      return Alpha::straight;
    case 4:
      return Alpha::premultiplied;
    default:
      return Alpha::none;
  }
}

// Whether pixels, or entries of the palette, have room for as much alpha as is announced.
bool has_alpha_bits(const Header& header, unsigned attribute_bits) {
  const unsigned bits = header.color == Color::indexed ? header.palette_bits : header.bits;
  if (header.color == Color::grey) return bits == 16 && attribute_bits == 8;
  return (bits == 16 && attribute_bits == 1) || (bits == 32 && attribute_bits > 0);
}

}  // namespace

Result<Header> read_header(std::string_view file) {
  if (file.size() < kHeaderBytes) return corrupt();
  const auto field = [&](std::size_t at, std::size_t size) {
    return little_endian_at(file, at, size);
  };
  Header header;
  header.size = {field(12, 2), field(14, 2)};
  header.bits = field(16, 1);
  header.palette_bits = field(7, 1);
  header.first_index = field(3, 2);
  const bool has_palette = field(1, 1) == 1;
  const unsigned descriptor = field(17, 1);
  if (header.size.width == 0 || header.size.height == 0 || field(1, 1) > 1 ||
      !read_kind(field(2, 1), header) || (header.color == Color::indexed && !has_palette)) {
    return corrupt();
  }
  if ((descriptor & 0xc0) != 0) {
    return Status(Code::unsupported, "a TGA with interleaved rows is not decoded");
  }
  header.orientation = orientation_of(descriptor);
  const std::size_t palette_at = kHeaderBytes + field(0, 1);
  const std::size_t palette_bytes =
      has_palette ? std::size_t{field(5, 2)} * ((header.palette_bits + 7) / 8) : 0;
  header.palette = bytes_at(file, palette_at, palette_bytes);
  header.data = bytes_at(file, palette_at + palette_bytes);
  const unsigned attribute_bits = descriptor & 15;
  if (has_alpha_bits(header, attribute_bits)) header.alpha = alpha_of(file, attribute_bits);
  return header;
}

}  // namespace thumbmill::tga
