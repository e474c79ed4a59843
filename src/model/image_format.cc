#include "model/image_format.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

namespace thumbmill {
namespace {

using F = ImageFormat;

// In the order of the enum, so that a format's value is its row.
constexpr std::array kFormats{
    ImageFormatInfo{F::jpeg, "jpeg", "image/jpeg", "jpg", true, true},
    ImageFormatInfo{F::png, "png", "image/png", "png", true, true},
    ImageFormatInfo{F::webp, "webp", "image/webp", "webp", true, true},
    ImageFormatInfo{F::gif, "gif", "image/gif", "gif", true, false},
    ImageFormatInfo{F::tiff, "tiff", "image/tiff", "tiff", true, false},
    ImageFormatInfo{F::heic, "heic", "image/heic", "heic", true, false},
    ImageFormatInfo{F::avif, "avif", "image/avif", "avif", true, true},
    ImageFormatInfo{F::bmp, "bmp", "image/bmp", "bmp", true, false},
    ImageFormatInfo{F::ico, "ico", "image/vnd.microsoft.icon", "ico", true, false},
    ImageFormatInfo{F::pnm, "pnm", "image/x-portable-anymap", "pnm", true, false},
    ImageFormatInfo{F::svg, "svg", "image/svg+xml", "svg", false, false},
    ImageFormatInfo{F::jxl, "jxl", "image/jxl", "jxl", true, true},
    ImageFormatInfo{F::jp2, "jp2", "image/jp2", "jp2", true, false},
    ImageFormatInfo{F::tga, "tga", "image/x-tga", "tga", true, false},
    ImageFormatInfo{F::psd, "psd", "image/vnd.adobe.photoshop", "psd", true, false},
};

struct Magic {
  std::string_view bytes;
  ImageFormat format;
};

using namespace std::string_view_literals;

// Sources: JPEG ITU-T T.81 B.1.1.3; PNG (3rd ed.) 5.2; GIF89a 17; TIFF 6.0 section 2 and BigTIFF;
// BMP and ICO: Microsoft's BITMAPFILEHEADER and ICONDIR; JPEG XL ISO/IEC 18181-2; JPEG 2000
// ISO/IEC 15444-1 annexes A and I; PSD and PSB: Adobe Photoshop file formats specification.
constexpr std::array kMagics{
    Magic{"\xff\xd8\xff"sv, F::jpeg},
    Magic{"\x89PNG\r\n\x1a\n"sv, F::png},
    Magic{"GIF87a"sv, F::gif},
    Magic{"GIF89a"sv, F::gif},
    Magic{"II*\0"sv, F::tiff},
    Magic{"MM\0*"sv, F::tiff},
    Magic{"II+\0\x08\0\0\0"sv, F::tiff},
    Magic{"MM\0+\0\x08\0\0"sv, F::tiff},
    Magic{"BM"sv, F::bmp},
    Magic{"\xff\x0a"sv, F::jxl},
    Magic{"\0\0\0\x0cJXL \r\n\x87\n"sv, F::jxl},
    Magic{"\0\0\0\x0cjP  \r\n\x87\n"sv, F::jp2},
    Magic{"\xff\x4f\xff\x51"sv, F::jp2},
    Magic{"<svg"sv, F::svg},
    Magic{"8BPS\0\1"sv, F::psd},
    Magic{"8BPS\0\2"sv, F::psd},
};

// ISO/IEC 14496-12 section 4.3: the brands of the leading ftyp box say which still-image format it
// is (ISO/IEC 23008-12 annex B for HEIC, AV1 Image File Format section 6). The major brand comes
// first, the compatible ones after the minor version.
std::optional<ImageFormat> sniff_ftyp(std::string_view head) {
  if (head.size() < 12 || head.substr(4, 4) != "ftyp") return std::nullopt;
  // Brands end with the box; behind it may stand anything.
  std::uint32_t box_bytes = 0;
  for (const char c : head.substr(0, 4)) box_bytes = box_bytes << 8 | static_cast<unsigned char>(c);
  head = head.substr(0, box_bytes);
  // With a box of the smallest kind (ISO/IEC 23008-12 amendment, "mini") the version is a brand.
  if (head.size() >= 16 && head.substr(8, 4) == "mif3") {
    const std::string_view version = head.substr(12, 4);
    if (version == "avif") return F::avif;
    if (version == "heic" || version == "heix") return F::heic;
  }
  std::optional<ImageFormat> generic;
  for (std::size_t at = 8; at + 4 <= head.size(); at += at == 8 ? 8 : 4) {
    const std::string_view brand = head.substr(at, 4);
    if (brand == "avif" || brand == "avis") return F::avif;
    if (brand == "heic" || brand == "heix" || brand == "heim" || brand == "heis" ||
        brand == "hevc" || brand == "hevx") {
      return F::heic;
    }
    if (at == 8 && (brand == "mif1" || brand == "msf1")) generic = F::heic;
    // The codec is said inside.
    if (at == 8 && brand == "mif3" && head.substr(12, 4) == "\0\0\0\0"sv) generic = F::heic;
  }
  return generic;
}

// ICONDIR, of icons or cursors, with at least one image: without one it would be a Targa file.
bool is_icon(std::string_view head) {
  const bool begins = head.starts_with("\0\0\1\0"sv) || head.starts_with("\0\0\2\0"sv);
  return begins && head.size() >= 6 && head.substr(4, 2) != "\0\0"sv;
}

bool is_pnm(std::string_view head) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (head.size() < 3 || head[0] != 'P') return false;
  if (head[1] == '7') return head[2] == '\n';  // PAM
  return head[1] >= '1' && head[1] <= '6' && (is_space(head[2]) || head[2] == '#');
}

// Targa files have no magic bytes (TGA 2.0, section "TGA file header"): every field must make
// sense, and fit the others. That fixes 9 bytes and much of 4 more; no other format and no text
// begins so.
bool is_tga(std::string_view head) {
  constexpr std::size_t kHeader = 18;
  constexpr std::string_view kNoPalette("\0\0\0\0\0", 5);
  if (head.size() < kHeader) return false;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(head[at]); };
  const auto is_one_of = [](unsigned value, std::initializer_list<unsigned> values) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  const unsigned kind = byte(2) & ~8u;  // 8 is for run lengths
  const unsigned bits = byte(16);
  const unsigned alpha_bits = byte(17) & 15;
  if (byte(2) > 11 || (byte(17) & 0xc0) != 0) return false;
  if ((byte(12) == 0 && byte(13) == 0) || (byte(14) == 0 && byte(15) == 0)) return false;
  switch (kind) {
    case 1: {
      const unsigned entries = byte(5) | byte(6) << 8;
      return byte(1) == 1 && entries >= 1 && entries <= 256 &&
             is_one_of(byte(7), {15, 16, 24, 32}) && bits == 8 && is_one_of(alpha_bits, {0, 8});
    }
    case 2:
      return byte(1) == 0 && head.substr(3, 5) == kNoPalette &&
             ((bits == 24 && alpha_bits == 0) || (bits == 32 && is_one_of(alpha_bits, {0, 8})) ||
              (is_one_of(bits, {15, 16}) && alpha_bits <= 1));
    case 3:
      return byte(1) == 0 && head.substr(3, 5) == kNoPalette &&
             ((bits == 8 && alpha_bits == 0) || (bits == 16 && alpha_bits == 8));
    default:
      return false;
  }
}

}  // namespace

const ImageFormatInfo& image_format_info(ImageFormat format) {
  return kFormats[static_cast<std::size_t>(format)];
}

std::string encodable_formats() {
  std::string names;
  for (const ImageFormatInfo& info : kFormats) {
    if (!info.can_encode) continue;
    if (!names.empty()) names += ", ";
    names += info.name;
  }
  return names;
}

std::optional<ImageFormat> image_format_from_name(std::string_view name) {
  if (name == "jpg") return F::jpeg;
  if (name == "tif") return F::tiff;
  for (const ImageFormatInfo& info : kFormats) {
    if (info.name == name) return info.format;
  }
  return std::nullopt;
}

std::optional<ImageFormat> image_format_from_extension(std::string_view extension) {
  for (const ImageFormatInfo& info : kFormats) {
    if (info.extension == extension) return info.format;
  }
  return std::nullopt;
}

std::optional<ImageFormat> sniff_image_format(std::string_view head) {
  head = head.substr(0, kSniffBytes);
  for (const Magic& magic : kMagics) {
    if (head.starts_with(magic.bytes)) return magic.format;
  }
  if (head.size() >= 12 && head.starts_with("RIFF") && head.substr(8, 4) == "WEBP") return F::webp;
  if (const auto format = sniff_ftyp(head)) return format;
  if (is_icon(head)) return F::ico;
  if (is_pnm(head)) return F::pnm;
  if (is_tga(head)) return F::tga;
  return std::nullopt;
}

}  // namespace thumbmill
