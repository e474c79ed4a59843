#include "image/planar/encoder.h"

#include "image/planar/jpeg_encoder.h"
#include "image/planar/png_encoder.h"
#include "image/planar/webp_encoder.h"

namespace thumbmill::planar {

bool can_encode(ImageFormat format) { return stores_planes(format) || format == ImageFormat::png; }

bool stores_planes(ImageFormat format) {
  return format == ImageFormat::jpeg || format == ImageFormat::webp;
}

std::uint32_t chroma_divisor_of(ImageFormat format, int quality) {
  switch (format) {
    case ImageFormat::jpeg:
      return jpeg_chroma_divisor(quality);
    case ImageFormat::webp:
      return kWebpChromaDivisor;
    default:
      return 1;
  }
}

Result<std::string> encode_planes(const Picture& picture, ImageFormat format, int quality) {
  THUMBMILL_CHECK(stores_planes(format));
  return format == ImageFormat::jpeg ? encode_jpeg(picture, quality)
                                     : encode_webp(picture, quality);
}

Result<std::string> encode_pixels(const Pixels& pixels, ImageFormat format, int quality) {
  THUMBMILL_CHECK(can_encode(format));
  switch (format) {
    case ImageFormat::jpeg:
      return encode_jpeg(pixels, quality);
    case ImageFormat::webp:
      return encode_webp(pixels, quality);
    default:
      return encode_png(pixels);
  }
}

}  // namespace thumbmill::planar
