#include "image/png/png_kernel.h"

#include <utility>

#include "image/exif.h"
#include "image/limit_checks.h"
#include "image/planar/render.h"
#include "image/png/container.h"
#include "image/png/reader.h"
#include "image/reduction.h"

namespace thumbmill {

Result<planar::Decoded> decode_png(std::string_view file, const ThumbnailRequest& request) {
  const auto parts = take_png_apart(file);
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
  return decoded;
}

}  // namespace thumbmill
