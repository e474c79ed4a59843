#include "image/planar/planar_thumbnailer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "image/limit_checks.h"

namespace thumbmill::planar {

PlanarThumbnailer::PlanarThumbnailer(std::vector<FormatDecoder> decoders,
                                     std::vector<FormatEncoder> encoders)
    : decoders_(std::move(decoders)), encoders_(std::move(encoders)) {}

Result<Thumbnails> PlanarThumbnailer::make(const ThumbnailRequest& request, const OpContext&) {
  try {
    return make_within_memory(request);
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
}

Result<Thumbnails> PlanarThumbnailer::make_within_memory(const ThumbnailRequest& request) {
  RETURN_IF_ERROR(validate(request.renditions));
  const auto decoder =
      std::find_if(decoders_.begin(), decoders_.end(),
                   [&](const FormatDecoder& entry) { return entry.format == request.format; });
  if (decoder == decoders_.end()) {
    return Status(Code::unsupported, "this image format is not decoded here");
  }
  RETURN_IF_ERROR(check_formats(request.renditions, encoders_));
  ASSIGN_OR_RETURN(const BlobView source, request.source.view());
  ASSIGN_OR_RETURN(Decoded decoded, decoder->decode(source.bytes(), request));
  return make_renditions(std::move(decoded), request.renditions, encoders_, profiles_);
}

}  // namespace thumbmill::planar
