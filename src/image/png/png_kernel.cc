#include "image/png/png_kernel.h"

#include <optional>
#include <utility>

#include "image/exif.h"
#include "image/limit_checks.h"
#include "image/planar/hdr_to_srgb.h"
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
  const bool grey = png_sample_shape(parts).channels < 3;
  PngColors colors = png_colors(parts.colors, grey);
  std::optional<planar::HdrToSrgb> from_hdr;
  if (colors.hdr) from_hdr.emplace(*colors.hdr);
  auto picture = read_png(parts, side, from_hdr ? &*from_hdr : nullptr);
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
