#include "heif_pictures.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <libheif/heif.h>

#include "base/status.h"
#include "reference/vips_image.h"

namespace thumbmill {
namespace {

void must(const heif_error& error) {
  if (error.code != heif_error_Ok) std::fprintf(stderr, "libheif: %s\n", error.message);
  THUMBMILL_CHECK(error.code == heif_error_Ok);
}

// The number behind `name=` in the options, or `otherwise`.
int option(const std::string& suffix, const std::string& name, int otherwise) {
  const std::size_t at = suffix.find(name + "=");
  return at == std::string::npos ? otherwise : std::atoi(suffix.c_str() + at + name.size() + 1);
}

// 8-bit sRGB, or what an embedded profile says, in three or four bands.
VipsImagePtr in_colour(VipsImage* image) {
  if (vips_image_get_bands(image) >= 3) {
    return make_image([&](VipsImage** out) { return vips_copy(image, out, nullptr); }).value();
  }
  return make_image([&](VipsImage** out) {
           return vips_colourspace(image, out, VIPS_INTERPRETATION_sRGB, nullptr);
         })
      .value();
}

heif_image* make_heif_image(VipsImage* image, int depth) {
  const int width = vips_image_get_width(image);
  const int height = vips_image_get_height(image);
  const int bands = vips_image_get_bands(image);
  std::size_t size = 0;
  const std::unique_ptr<void, decltype(&g_free)> pixels(vips_image_write_to_memory(image, &size),
                                                        &g_free);
  const auto* from = static_cast<const std::uint8_t*>(pixels.get());
  const heif_chroma chroma =
      depth == 8
          ? (bands == 4 ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB)
          : (bands == 4 ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE);
  heif_image* made = nullptr;
  must(heif_image_create(width, height, heif_colorspace_RGB, chroma, &made));
  must(heif_image_add_plane(made, heif_channel_interleaved, width, height, depth));
  int stride = 0;
  std::uint8_t* const plane = heif_image_get_plane(made, heif_channel_interleaved, &stride);
  const int most = (1 << depth) - 1;
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < width * bands; ++i) {
      const int value = (*from++ * most + 127) / 255;
      if (depth == 8) {
        plane[y * stride + i] = static_cast<std::uint8_t>(value);
      } else {
        const auto wide = static_cast<std::uint16_t>(value);
        std::memcpy(plane + y * stride + 2 * i, &wide, sizeof wide);
      }
    }
  }
  return made;
}

heif_error append(heif_context*, const void* bytes, std::size_t size, void* file) {
  static_cast<std::string*>(file)->append(static_cast<const char*>(bytes), size);
  return {heif_error_Ok, heif_suberror_Unspecified, "ok"};
}

}  // namespace

std::string write_heif(VipsImage* image, const std::string& suffix) {
  const bool avif = suffix.starts_with(".avif");
  const VipsImagePtr source = in_colour(image);
  heif_context* const context = heif_context_alloc();
  heif_encoder* encoder = nullptr;
  must(heif_context_get_encoder_for_format(
      context, avif ? heif_compression_AV1 : heif_compression_HEVC, &encoder));
  const int quality = option(suffix, "Q", 50);
  must(heif_encoder_set_lossy_quality(encoder, quality));
  const bool lossless = suffix.find("lossless") != std::string::npos;
  if (lossless) must(heif_encoder_set_lossless(encoder, 1));
  if (avif) must(heif_encoder_set_parameter_integer(encoder, "speed", 8));
  must(heif_encoder_set_parameter_string(encoder, "chroma",
                                         quality >= 90 || lossless ? "444" : "420"));
  heif_image* const made = make_heif_image(source.get(), option(suffix, "bitdepth", 8));
  if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0) {
    const void* profile = nullptr;
    std::size_t size = 0;
    THUMBMILL_CHECK(vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &size) == 0);
    must(heif_image_set_raw_color_profile(made, "prof", profile, size));
  }
  heif_encoding_options* const options = heif_encoding_options_alloc();
  options->image_orientation = static_cast<heif_orientation>(vips_image_get_orientation(image));
  heif_image_handle* handle = nullptr;
  must(heif_context_encode_image(context, made, encoder, options, &handle));
  heif_writer writer{1, append};
  std::string file;
  must(heif_context_write(context, &writer, &file));
  heif_image_handle_release(handle);
  heif_encoding_options_free(options);
  heif_image_release(made);
  heif_encoder_release(encoder);
  heif_context_free(context);
  return file;
}

}  // namespace thumbmill
