#include "image/vips/webp_reader.h"

#include <webp/decode.h>

namespace thumbmill {

std::optional<ReducedPixels> read_scaled_webp(std::string_view file, SizePx size,
                                              const ImageLimits& limits) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0 ||
      WebPGetFeatures(bytes, file.size(), &config.input) != VP8_STATUS_OK) {
    return std::nullopt;
  }
  const auto width = static_cast<std::uint32_t>(config.input.width);
  const auto height = static_cast<std::uint32_t>(config.input.height);
  if (config.input.has_animation != 0 || width > limits.max_side_px ||
      height > limits.max_side_px || std::uint64_t{width} * height > limits.max_pixels ||
      size.width < 1 || size.height < 1 || size.width > width || size.height > height) {
    return std::nullopt;
  }
  const std::size_t channels = config.input.has_alpha != 0 ? 4 : 3;
  ReducedPixels pixels{size.width, size.height, channels, false, {}};
  pixels.bytes.resize(std::size_t{size.width} * size.height * channels);
  config.options.use_scaling = 1;
  config.options.scaled_width = static_cast<int>(size.width);
  config.options.scaled_height = static_cast<int>(size.height);
  config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels.bytes.data();
  config.output.u.RGBA.stride = static_cast<int>(size.width * channels);
  config.output.u.RGBA.size = pixels.bytes.size();
  const bool decoded = WebPDecode(bytes, file.size(), &config) == VP8_STATUS_OK;
  WebPFreeDecBuffer(&config.output);
  if (!decoded) return std::nullopt;
  return pixels;
}

}  // namespace thumbmill
