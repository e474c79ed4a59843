#include "image/vips/encoder.h"

namespace thumbmill {

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
  return encoded;
}

}  // namespace thumbmill
