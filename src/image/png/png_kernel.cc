#include "image/png/png_kernel.h"

#include <memory>
#include <utility>

#include "image/exif.h"
#include "image/limit_checks.h"
#include "image/planar/hdr_to_srgb.h"
#include "image/planar/linear_light.h"
#include "image/planar/render.h"
#include "image/png/color_chunks.h"
#include "image/png/container.h"
#include "image/png/reader.h"
#include "image/png/samples.h"
#include "image/reduction.h"

namespace thumbmill {
namespace {

// Browsers apply a profile of RGB to grey, too: its grey is any other's, by another curve.
void turn_into_rgb(planar::Picture& picture) {
  picture.model = planar::ColorModel::rgb;
  const planar::Plane level = picture.planes.front();
  picture.planes.insert(picture.planes.begin(), 2, level);
}

// What has to happen to the colours before samples are rounded to 8 bits; null: nothing. Of light
// in 16 bits the profile is then that of the curved samples.
std::unique_ptr<planar::RowConversion> take_conversion(PngColors& colors,
                                                       const PngSampleShape& shape) {
  if (colors.hdr) return std::make_unique<planar::HdrToSrgb>(*colors.hdr, colors.peak);
  if (!shape.wide) return nullptr;
  const auto model = colors.is_rgb() ? planar::ColorModel::rgb : planar::ColorModel::grey;
  auto curved = planar::with_srgb_curve(colors.profile, model);
  if (!curved) return nullptr;
  colors.profile = *std::move(curved);
  return std::make_unique<planar::LinearToSrgbCurve>();
}

}  // namespace

Result<planar::Decoded> decode_png(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const PngParts parts, take_png_apart(file));
  const SizePx stored{parts.header.width_px, parts.header.height_px};
  RETURN_IF_ERROR(check_size(stored.width, stored.height, request.limits));
  const int orientation = exif_orientation(parts.exif);
  planar::Decoded decoded;
  decoded.size = planar::upright(stored, orientation);
  const auto side = static_cast<std::size_t>(allowed_reduction(decoded.size, request.renditions));
  RETURN_IF_ERROR(planar::ask_for_memory(request, decoded.size, png_memory(parts, side)));
  const PngSampleShape shape = png_sample_shape(parts);
  const bool grey = shape.channels < 3;
  PngColors colors = png_colors(parts.colors, grey);
  const auto conversion = take_conversion(colors, shape);
  auto picture = read_png(parts, side, conversion.get());
  if (!picture) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "no row of a PNG");
  }
  decoded.picture = *std::move(picture);
  decoded.picture.orientation = orientation;
  if (grey && colors.is_rgb()) turn_into_rgb(decoded.picture);
  decoded.profile = std::move(colors.profile);
  return decoded;
}

}  // namespace thumbmill
