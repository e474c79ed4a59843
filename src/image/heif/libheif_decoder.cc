#include "image/heif/libheif_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <libheif/heif.h>

#include "image/heif/coded_items.h"
#include "image/heif/container.h"
#include "image/limit_checks.h"
#include "image/planar/box_reduce.h"
#include "image/planar/color_space.h"
#include "image/planar/hdr_to_srgb.h"
#include "image/reduction.h"

namespace thumbmill::heif {
namespace {

struct Free {
  void operator()(heif_context* context) const { heif_context_free(context); }
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
  void operator()(heif_image* image) const { heif_image_release(image); }
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
  void operator()(heif_color_profile_nclx* codes) const { heif_nclx_color_profile_free(codes); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Status status_of(const heif_error& error) {
  if (error.code == heif_error_Ok) return Status();
  const std::string detail = error.message == nullptr ? "" : error.message;
  switch (error.code) {
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
    case heif_error_Plugin_loading_error:
      return Status(Code::unsupported, "a kind of HEIF file that is not supported", detail);
    case heif_error_Memory_allocation_error:
      return no_memory(detail);
    default:
      return Status(Code::corrupt_input, "the image cannot be decoded", detail);
  }
}

void set_limits(heif_context* context, const ImageLimits& limits) {
  heif_context_set_max_decoding_threads(context, 0);
#if LIBHEIF_HAVE_VERSION(1, 19, 0)
  heif_security_limits* const own = heif_context_get_security_limits(context);
  own->max_image_size_pixels = limits.max_pixels;
  own->max_memory_block_size = std::min(own->max_memory_block_size, limits.max_memory_bytes);
#else
  const double side = std::sqrt(static_cast<double>(limits.max_pixels));
  heif_context_set_maximum_image_size_limit(context, static_cast<int>(std::min(side, 65535.0)));
#endif
}

struct Opened {
  Owned<heif_context> context;
  Owned<heif_image_handle> handle;
  SizePx size;
  bool has_alpha = false;
  std::string profile;
  planar::Cicp cicp;

  bool is_hdr() const { return profile.empty() && planar::is_hdr(cicp); }
};

// Its codes count only without a profile.
void read_colors(Opened& opened) {
  heif_image_handle* const handle = opened.handle.get();
  constexpr std::size_t kMostProfile = 16u << 20;
  const std::size_t size = heif_image_handle_get_raw_color_profile_size(handle);
  if (size > 0 && size <= kMostProfile) {
    opened.profile.resize(size);
    const heif_error error = heif_image_handle_get_raw_color_profile(handle, opened.profile.data());
    if (error.code != heif_error_Ok) opened.profile.clear();
  }
  heif_color_profile_nclx* codes = nullptr;
  const heif_error error = heif_image_handle_get_nclx_color_profile(handle, &codes);
  const Owned<heif_color_profile_nclx> owned(codes);
  if (error.code != heif_error_Ok || codes == nullptr) return;
  opened.cicp = {static_cast<std::uint8_t>(codes->color_primaries),
                 static_cast<std::uint8_t>(codes->transfer_characteristics)};
}

Result<Opened> open(std::string_view file, const ImageLimits& limits) {
  Opened opened;
  opened.context.reset(heif_context_alloc());
  if (opened.context == nullptr) return no_memory();
  set_limits(opened.context.get(), limits);
  RETURN_IF_ERROR(status_of(heif_context_read_from_memory_without_copy(
      opened.context.get(), file.data(), file.size(), nullptr)));
  heif_image_handle* handle = nullptr;
  const heif_error error = heif_context_get_primary_image_handle(opened.context.get(), &handle);
  opened.handle.reset(handle);
  RETURN_IF_ERROR(status_of(error));
  const int width = heif_image_handle_get_width(handle);
  const int height = heif_image_handle_get_height(handle);
  if (width <= 0 || height <= 0) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "a side of 0");
  }
  opened.size = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
  RETURN_IF_ERROR(check_size(opened.size.width, opened.size.height, limits));
  opened.has_alpha = heif_image_handle_has_alpha_channel(handle) != 0;
  read_colors(opened);
  return opened;
}

Result<Owned<heif_image>> decode(const Opened& opened, heif_chroma chroma) {
  const Owned<heif_decoding_options> options(heif_decoding_options_alloc());
  if (options == nullptr) return no_memory();
  options->convert_hdr_to_8bit = opened.is_hdr() ? 0 : 1;
  heif_image* image = nullptr;
  const heif_error error =
      heif_decode_image(opened.handle.get(), &image, heif_colorspace_RGB, chroma, options.get());
  Owned<heif_image> owned(image);
  RETURN_IF_ERROR(status_of(error));
  return owned;
}

// Colours that were multiplied by alpha, divided by it.
void divide(std::uint8_t* pixels, std::size_t count) {
  for (std::uint8_t* const end = pixels + 4 * count; pixels < end; pixels += 4) {
    const std::uint32_t alpha = pixels[3];
    for (int c = 0; c < 3; ++c) {
      const std::uint32_t value = alpha > 0 ? (pixels[c] * 255u + alpha / 2) / alpha : 0;
      pixels[c] = static_cast<std::uint8_t>(std::min(255u, value));
    }
  }
}

// All levels of 16 bits instead of `bits`.
void widen(std::uint16_t* samples, std::size_t count, int bits) {
  const std::uint32_t most = (1u << bits) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    samples[i] =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(samples[i], most) * 65535u / most);
  }
}

Result<planar::Picture> reduce(const heif_image* image, const Opened& opened, std::size_t side) {
  // Of a picture that was padded to whole blocks there is more than it declares.
  const SizePx size = opened.size;
  const bool is_there =
      heif_image_get_width(image, heif_channel_interleaved) >= static_cast<int>(size.width) &&
      heif_image_get_height(image, heif_channel_interleaved) >= static_cast<int>(size.height);
  int stride = 0;
  const std::uint8_t* const pixels =
      heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
  const int bits = heif_image_get_bits_per_pixel_range(image, heif_channel_interleaved);
  const bool wide = opened.is_hdr();
  if (pixels == nullptr || !is_there || (wide && (bits < 8 || bits > 16))) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "a picture of another size");
  }
  const std::size_t channels = opened.has_alpha ? 4 : 3;
  std::optional<planar::HdrToSrgb> conversion;
  if (wide) conversion.emplace(opened.cicp);
  const auto reducer = planar::make_box_reducer(size.width, size.height, channels, opened.has_alpha,
                                                wide, side, wide ? &*conversion : nullptr);
  const bool multiplied = opened.has_alpha && !wide &&
                          heif_image_handle_is_premultiplied_alpha(opened.handle.get()) != 0;
  // Two bytes a sample where it is wide, and 16 bytes behind the row, which the reducer may read.
  const std::size_t samples = size.width * channels;
  std::vector<std::uint16_t> row(samples + 8);
  for (std::size_t y = 0; y < size.height; ++y) {
    std::memcpy(row.data(), pixels + y * static_cast<std::size_t>(stride),
                samples * (wide ? 2 : 1));
    if (wide) widen(row.data(), samples, bits);
    if (multiplied) divide(reinterpret_cast<std::uint8_t*>(row.data()), size.width);
    reducer->add(row.data());
  }
  return reducer->take();
}

}  // namespace

void warm_up_libheif() {
  static std::once_flag once;
  std::call_once(once, [] { (void)heif_init(nullptr); });
}

Result<planar::Decoded> decode_by_libheif(std::string_view file, const ThumbnailRequest& request) {
  warm_up_libheif();
  ASSIGN_OR_RETURN(const Container container, read_container(file));
  ASSIGN_OR_RETURN(const std::uint64_t coded_pixels, most_coded_pixels(container, request.limits));
  ASSIGN_OR_RETURN(const Opened opened, open(file, request.limits));
  const auto side =
      std::min(static_cast<std::size_t>(allowed_reduction(opened.size, request.renditions)),
               planar::kMostBoxSide);
  // The decoder's picture, one upright and one in red, green and blue, with alpha.
  constexpr std::uint64_t kBytesPerPixel = 12;
  const std::uint64_t pixels =
      std::max(std::uint64_t{opened.size.width} * opened.size.height, coded_pixels);
  RETURN_IF_ERROR(planar::ask_for_memory(request, opened.size,
                                         pixels * kBytesPerPixel * (opened.is_hdr() ? 2 : 1)));
  const heif_chroma narrow =
      opened.has_alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
  const heif_chroma wide =
      opened.has_alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
  ASSIGN_OR_RETURN(const Owned<heif_image> image, decode(opened, opened.is_hdr() ? wide : narrow));
  planar::Decoded decoded;
  ASSIGN_OR_RETURN(decoded.picture, reduce(image.get(), opened, side));
  decoded.size = opened.size;
  decoded.profile = opened.profile;
  if (decoded.profile.empty()) decoded.profile = planar::profile_of(opened.cicp);
  return decoded;
}

}  // namespace thumbmill::heif
