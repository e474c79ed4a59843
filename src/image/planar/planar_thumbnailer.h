// PlanarThumbnailer: a Thumbnailer made of decoders that give planes and encoders that take
// finished pictures. A format that is read adds a FormatDecoder, a format that is written a
// FormatEncoder; what lies between (scaling, orientation, colours, canvas, facts) is the same for
// all and happens in rendition_maker.h only, so that neither the source's nor the rendition's
// format changes it.
//
// It parses images in the calling process, and so belongs in decoder processes and tests, nowhere
// else.
#pragma once

#include <string_view>
#include <vector>

#include "image/planar/color.h"
#include "image/planar/encoder.h"
#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::planar {

/// How files of one format become planes.
///
/// `decode` checks the header against `request.limits`, asks `request.admit` (ask_for_memory())
/// before it takes memory for pixels, and gives the picture at any size that is large enough for
/// `request.renditions` (image/reduction.h). Thread-safe. unsupported: a variant that it does not
/// read. corrupt_input: the file cannot be decoded. too_large: over a limit, which is named. May
/// throw std::bad_alloc.
struct FormatDecoder {
  ImageFormat format;
  Result<Decoded> (*decode)(std::string_view file, const ThumbnailRequest& request);
};

/// Thread-safe.
class PlanarThumbnailer final : public Thumbnailer {
 public:
  PlanarThumbnailer(std::vector<FormatDecoder> decoders, std::vector<FormatEncoder> encoders);

  /// unsupported for a source or a rendition in a format that is in neither list.
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  // May throw std::bad_alloc.
  Result<Thumbnails> make_within_memory(const ThumbnailRequest& request);

  const std::vector<FormatDecoder> decoders_;
  const std::vector<FormatEncoder> encoders_;
  ProfileCache profiles_;
};

}  // namespace thumbmill::planar
