#include "image/webp/webp_thumbnailer.h"

#include <utility>

#include "image/limit_checks.h"
#include "image/planar/render.h"
#include "image/planar/rendition_maker.h"
#include "image/reduction.h"
#include "image/webp/container.h"
#include "image/webp/decoder.h"

namespace thumbmill {

Result<Thumbnails> WebpThumbnailer::make(const ThumbnailRequest& request, const OpContext&) {
  return planar::within_memory([&] { return make_within_memory(request); });
}

Result<Thumbnails> WebpThumbnailer::make_within_memory(const ThumbnailRequest& request) {
  RETURN_IF_ERROR(validate(request.renditions));
  if (request.format != ImageFormat::webp) return Status(Code::unsupported, "not a WebP");
  RETURN_IF_ERROR(planar::check_formats(request.renditions));
  ASSIGN_OR_RETURN(const BlobView source, request.source.view());
  ASSIGN_OR_RETURN(webp::Container container, webp::read_container(source.bytes()));
  const SizePx stored = container.size;
  RETURN_IF_ERROR(check_size(stored.width, stored.height, request.limits));
  planar::Decoded decoded;
  decoded.size = planar::upright(stored, container.orientation);
  const bool reduced = allowed_reduction(decoded.size, request.renditions) > 1;
  RETURN_IF_ERROR(planar::ask_for_memory(request, decoded.size, webp::decoding_memory(container)));
  ASSIGN_OR_RETURN(decoded.picture,
                   webp::decode(source.bytes(), container,
                                reduced ? webp::BlockEdges::leave : webp::BlockEdges::smooth));
  decoded.picture.orientation = container.orientation;
  decoded.profile = std::move(container.profile);
  return planar::make_renditions(std::move(decoded), request.renditions, profiles_);
}

}  // namespace thumbmill
