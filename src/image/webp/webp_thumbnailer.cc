#include "image/webp/webp_thumbnailer.h"

#include <new>
#include <utility>

#include "image/limit_checks.h"
#include "image/planar/render.h"
#include "image/planar/rendition_maker.h"
#include "image/reduction.h"
#include "image/webp/container.h"
#include "image/webp/decoder.h"

namespace thumbmill {
namespace {

// Stacks, tables and buffers, whatever the size of the image.
constexpr std::uint64_t kBaseBytes = 8ull << 20;

}  // namespace

Result<Thumbnails> WebpThumbnailer::make(const ThumbnailRequest& request, const OpContext&) {
  try {
    return make_within_memory(request);
  } catch (const std::bad_alloc&) {  // the planes of a large picture, in a small process
    return Status(Code::too_large, "the image takes more than decoder-memory to decode");
  }
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
  if (request.admit) {
    RETURN_IF_ERROR(request.admit(kBaseBytes + request.source.size() +
                                  webp::decoding_memory(container) +
                                  planar::rendition_memory(decoded.size, request.renditions)));
  }
  ASSIGN_OR_RETURN(decoded.picture,
                   webp::decode(source.bytes(), container,
                                reduced ? webp::BlockEdges::leave : webp::BlockEdges::smooth));
  decoded.picture.orientation = container.orientation;
  decoded.profile = std::move(container.profile);
  return planar::make_renditions(std::move(decoded), request.renditions, profiles_);
}

}  // namespace thumbmill
