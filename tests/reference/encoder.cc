#include "reference/encoder.h"

#include <cstdint>
#include <string_view>

namespace thumbmill {
namespace {

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void set_little_endian(std::string& bytes, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

// libvips 8.14 writes the source's EXIF, or one of its own, into a WebP whatever `strip` says. This
// keeps the chunks that hold the picture (RFC 9649 section 2), and the extended header only with
// transparency beside lossy pixels, which needs it.
Result<std::string> without_metadata(std::string_view file) {
  constexpr std::size_t kRiffHeader = 12;
  constexpr std::size_t kChunkHeader = 8;
  constexpr char kHasAlpha = 0x10;
  if (file.size() < kRiffHeader) return Status(Code::internal, "malformed WebP");
  std::string kept(file.substr(0, kRiffHeader));
  std::string extended;
  bool has_alpha_chunk = false;
  for (std::string_view rest = file.substr(kRiffHeader); rest.size() >= kChunkHeader;) {
    const std::string_view type = rest.substr(0, 4);
    const std::size_t size = little_endian(rest.substr(4));
    const std::size_t padded = kChunkHeader + size + size % 2;
    if (padded > rest.size()) return Status(Code::internal, "malformed WebP");
    const std::string_view chunk = rest.substr(0, padded);
    has_alpha_chunk |= type == "ALPH";
    if (type == "VP8X" && size > 0) {
      extended = chunk;
      extended[kChunkHeader] = kHasAlpha;
    } else if (type == "ALPH" || type == "VP8 " || type == "VP8L") {
      kept += chunk;
    }
    rest.remove_prefix(padded);
  }
  if (has_alpha_chunk) kept.insert(kRiffHeader, extended);
  set_little_endian(kept, 4, kept.size() - 8);
  return kept;
}

}  // namespace

Result<std::string> encode_image(VipsImage* image, ImageFormat format, int quality) {
  void* bytes = nullptr;
  std::size_t size = 0;
  int failed = 0;
  switch (format) {
    case ImageFormat::jpeg:
      failed = vips_jpegsave_buffer(image, &bytes, &size, "Q", quality, "optimize_coding", TRUE,
                                    "strip", TRUE, nullptr);
      break;
    case ImageFormat::png:
      failed = vips_pngsave_buffer(image, &bytes, &size, "strip", TRUE, nullptr);
      break;
    case ImageFormat::webp:
      failed = vips_webpsave_buffer(image, &bytes, &size, "Q", quality, "strip", TRUE, nullptr);
      break;
    case ImageFormat::avif:
      failed = vips_heifsave_buffer(image, &bytes, &size, "Q", quality, "compression",
                                    VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "strip", TRUE, nullptr);
      break;
    default:
      return Status(Code::unsupported, "this format cannot be written");
  }
  // Pixels are in memory by now, so that a failure is the encoder's, not the image's.
  if (failed != 0) return vips_failure(Code::internal, "the rendition cannot be encoded");
  std::string encoded(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return format == ImageFormat::webp ? without_metadata(encoded) : encoded;
}

}  // namespace thumbmill
