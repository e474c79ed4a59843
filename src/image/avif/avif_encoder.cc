#include "image/avif/avif_encoder.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include <libheif/heif.h>

namespace thumbmill {
namespace {

using planar::Pixels;

struct FreeContext {
  void operator()(heif_context* context) const { heif_context_free(context); }
};
struct ReleaseEncoder {
  void operator()(heif_encoder* encoder) const { heif_encoder_release(encoder); }
};
struct ReleaseImage {
  void operator()(heif_image* image) const { heif_image_release(image); }
};
struct ReleaseHandle {
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
};
struct FreeOptions {
  void operator()(heif_encoding_options* options) const { heif_encoding_options_free(options); }
};
struct FreeColors {
  void operator()(heif_color_profile_nclx* colors) const { heif_nclx_color_profile_free(colors); }
};
using Context = std::unique_ptr<heif_context, FreeContext>;
using Encoder = std::unique_ptr<heif_encoder, ReleaseEncoder>;
using Image = std::unique_ptr<heif_image, ReleaseImage>;

Status failure(const heif_error& error) {
  return Status(Code::internal, "the rendition cannot be encoded",
                error.message == nullptr ? "libheif" : error.message);
}

#define THUMBMILL_HEIF(call)                                            \
  do {                                                                  \
    if (const heif_error error = (call); error.code != heif_error_Ok) { \
      return failure(error);                                            \
    }                                                                   \
  } while (false)

// libaom's speeds by size, so that a picture of 2048 pixels a side takes less than a second.
int speed_for(SizePx size) {
  const double megapixels = 1e-6 * size.width * size.height;
  if (megapixels <= 1) return 6;
  if (megapixels <= 2) return 7;
  return megapixels <= 4.2 ? 8 : 9;
}

Result<Encoder> make_encoder(heif_context* context) {
  heif_encoder* encoder = nullptr;
  THUMBMILL_HEIF(heif_context_get_encoder_for_format(context, heif_compression_AV1, &encoder));
  return Encoder(encoder);
}

Status set_up(heif_encoder* encoder, SizePx size, int quality) {
  THUMBMILL_HEIF(heif_encoder_set_lossy_quality(encoder, quality));
  THUMBMILL_HEIF(heif_encoder_set_parameter_integer(encoder, "speed", speed_for(size)));
  THUMBMILL_HEIF(heif_encoder_set_parameter_integer(encoder, "threads", 1));
  // As the JPEG encoder does.
  const char* const chroma =
      planar::chroma_divisor_of(ImageFormat::jpeg, quality) == 1 ? "444" : "420";
  THUMBMILL_HEIF(heif_encoder_set_parameter_string(encoder, "chroma", chroma));
  return Status();
}

Result<Image> make_image(const Pixels& pixels) {
  const auto width = static_cast<int>(pixels.size.width);
  const auto height = static_cast<int>(pixels.size.height);
  heif_image* made = nullptr;
  THUMBMILL_HEIF(heif_image_create(
      width, height, heif_colorspace_RGB,
      pixels.channels == 4 ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, &made));
  Image image(made);
  THUMBMILL_HEIF(heif_image_add_plane(image.get(), heif_channel_interleaved, width, height, 8));
  int stride = 0;
  std::uint8_t* const to = heif_image_get_plane(image.get(), heif_channel_interleaved, &stride);
  if (to == nullptr) return Status(Code::internal, "the rendition cannot be encoded", "libheif");
  const std::size_t row_bytes = pixels.size.width * pixels.channels;
  for (std::size_t y = 0; y < pixels.size.height; ++y) {
    std::memcpy(to + y * static_cast<std::size_t>(stride), pixels.bytes.data() + y * row_bytes,
                row_bytes);
  }
  return image;
}

heif_error append(heif_context*, const void* bytes, std::size_t size, void* file) {
  try {
    static_cast<std::string*>(file)->append(static_cast<const char*>(bytes), size);
  } catch (const std::bad_alloc&) {
    return {heif_error_Memory_allocation_error, heif_suberror_Unspecified, "out of memory"};
  }
  return {heif_error_Ok, heif_suberror_Unspecified, "ok"};
}

Result<std::string> encode(const Pixels& pixels, int quality) {
  const Context context(heif_context_alloc());
  if (context == nullptr) throw std::bad_alloc();
  ASSIGN_OR_RETURN(const Encoder encoder, make_encoder(context.get()));
  RETURN_IF_ERROR(set_up(encoder.get(), pixels.size, quality));
  ASSIGN_OR_RETURN(const Image image, make_image(pixels));
  const std::unique_ptr<heif_encoding_options, FreeOptions> options(heif_encoding_options_alloc());
  const std::unique_ptr<heif_color_profile_nclx, FreeColors> colors(
      heif_nclx_color_profile_alloc());
  if (options == nullptr || colors == nullptr) throw std::bad_alloc();
  colors->color_primaries = heif_color_primaries_ITU_R_BT_709_5;
  colors->transfer_characteristics = heif_transfer_characteristic_IEC_61966_2_1;
  colors->matrix_coefficients = heif_matrix_coefficients_ITU_R_BT_601_6;
  colors->full_range_flag = 1;
  options->output_nclx_profile = colors.get();
  heif_image_handle* encoded = nullptr;
  THUMBMILL_HEIF(heif_context_encode_image(context.get(), image.get(), encoder.get(), options.get(),
                                           &encoded));
  const std::unique_ptr<heif_image_handle, ReleaseHandle> handle(encoded);
  heif_writer writer{1, append};
  std::string file;
  THUMBMILL_HEIF(heif_context_write(context.get(), &writer, &file));
  return file;
}

#undef THUMBMILL_HEIF

}  // namespace

planar::FormatEncoder avif_encoder() { return {ImageFormat::avif, encode, nullptr}; }

Status load_avif_encoder() {
  if (heif_init(nullptr).code != heif_error_Ok ||
      heif_have_encoder_for_format(heif_compression_AV1) == 0) {
    return Status(Code::unavailable, "libheif has no AV1 encoder; install libheif-plugin-aomenc");
  }
  return Status();
}

}  // namespace thumbmill
