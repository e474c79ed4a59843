#include "image/planar/encoder.h"

#include <algorithm>

#include "image/planar/jpeg_encoder.h"
#include "image/planar/png_encoder.h"
#include "image/planar/webp_encoder.h"

namespace thumbmill::planar {

std::vector<FormatEncoder> own_encoders() {
  return {
      {ImageFormat::jpeg, encode_jpeg, encode_jpeg},
      {ImageFormat::webp, encode_webp, encode_webp},
      {ImageFormat::png, [](const Pixels& pixels, int) { return encode_png(pixels); }, nullptr},
  };
}

const FormatEncoder* find_encoder(const std::vector<FormatEncoder>& encoders, ImageFormat format) {
  const auto found =
      std::find_if(encoders.begin(), encoders.end(),
                   [&](const FormatEncoder& encoder) { return encoder.format == format; });
  return found == encoders.end() ? nullptr : &*found;
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

std::uint64_t encoding_bytes_per_pixel(ImageFormat format) {
  constexpr std::uint64_t kOrdinary = 24;
  // libaom keeps several frames, and its searches' tables; libjxl works in floats, and takes up to
  // 61 without loss.
  constexpr std::uint64_t kModern = 72;
  return format == ImageFormat::avif || format == ImageFormat::jxl ? kModern : kOrdinary;
}

}  // namespace thumbmill::planar
