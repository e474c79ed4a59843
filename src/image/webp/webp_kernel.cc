#include "image/webp/webp_kernel.h"

#include <utility>

#include "image/limit_checks.h"
#include "image/planar/render.h"
#include "image/reduction.h"
#include "image/webp/container.h"
#include "image/webp/decoder.h"

namespace thumbmill::webp {

Result<planar::Decoded> decode_webp(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(Container container, read_container(file));
  const SizePx stored = container.canvas;
  RETURN_IF_ERROR(check_size(stored.width, stored.height, request.limits));
  planar::Decoded decoded;
  decoded.size = planar::upright(stored, container.orientation);
  const bool reduced = allowed_reduction(decoded.size, request.renditions) > 1;
  RETURN_IF_ERROR(planar::ask_for_memory(request, decoded.size, decoding_memory(container)));
  ASSIGN_OR_RETURN(decoded.picture,
                   decode(container, reduced ? BlockEdges::leave : BlockEdges::smooth));
  decoded.picture.orientation = container.orientation;
  decoded.profile = std::move(container.profile);
  return decoded;
}

}  // namespace thumbmill::webp
