#include "image/png/png_thumbnailer.h"

#include <utility>

#include "image/exif.h"
#include "image/limit_checks.h"
#include "image/planar/render.h"
#include "image/planar/rendition_maker.h"
#include "image/png/container.h"
#include "image/png/reader.h"
#include "image/reduction.h"

namespace thumbmill {

Result<Thumbnails> PngThumbnailer::make(const ThumbnailRequest& request, const OpContext&) {
  return planar::within_memory([&] { return make_within_memory(request); });
}

Result<Thumbnails> PngThumbnailer::make_within_memory(const ThumbnailRequest& request) {
  RETURN_IF_ERROR(validate(request.renditions));
  if (request.format != ImageFormat::png) return Status(Code::unsupported, "not a PNG");
  RETURN_IF_ERROR(planar::check_formats(request.renditions));
  ASSIGN_OR_RETURN(const BlobView source, request.source.view());
  const auto parts = take_png_apart(source.bytes());
  if (!parts) return Status(Code::unsupported, "a PNG out of the ordinary");
  const SizePx stored{parts->header.width_px, parts->header.height_px};
  RETURN_IF_ERROR(check_size(stored.width, stored.height, request.limits));
  const int orientation = exif_orientation(parts->exif);
  planar::Decoded decoded;
  decoded.size = planar::upright(stored, orientation);
  const auto side = static_cast<std::size_t>(allowed_reduction(decoded.size, request.renditions));
  RETURN_IF_ERROR(planar::ask_for_memory(request, decoded.size, png_memory(*parts, side)));
  auto picture = read_png(*parts, side);
  if (!picture) return Status(Code::corrupt_input, "the image cannot be decoded", "a PNG's data");
  decoded.picture = *std::move(picture);
  decoded.picture.orientation = orientation;
  decoded.profile = png_profile(*parts);
  return planar::make_renditions(std::move(decoded), request.renditions, profiles_);
}

}  // namespace thumbmill
