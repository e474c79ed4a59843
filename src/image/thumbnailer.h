// Thumbnailer: turns an image into renditions. A pure function of its request; keeps nothing.
//
// The kernels (image/jpeg, image/vips) are Thumbnailers that parse the image in the calling process
// and therefore run inside decoder processes only; a ThumbnailerChain asks one after the other.
// sandbox/DecoderPool is a Thumbnailer as well: it hands the work to such a process. All of them
// and the fake run tests/conformance/thumbnailer_suite.h.
#pragma once

#include <string>
#include <vector>

#include "base/blob.h"
#include "base/op_context.h"
#include "base/status.h"
#include "model/image_format.h"
#include "model/job_result.h"
#include "model/limits.h"
#include "model/rendition.h"

namespace thumbmill {

struct ThumbnailRequest {
  Blob source;                             ///< the original's bytes; not trusted in any way
  ImageFormat format = ImageFormat::jpeg;  ///< by its magic bytes; decides which decoder is used
  std::vector<RenditionSpec> renditions;   ///< validate() holds for them
  ImageLimits limits;
};

/// A rendition with its bytes: an encoded file in sRGB, without metadata or profile.
struct MadeRendition {
  RenditionResult facts;
  Blob bytes;
};

struct Thumbnails {
  SizePx source_size;                     ///< upright: after the EXIF orientation
  std::vector<MadeRendition> renditions;  ///< in the order asked for
};

/// Thread-safe.
class Thumbnailer {
 public:
  virtual ~Thumbnailer() = default;

  /// Makes all renditions from one decode of the source. The same request gives the same bytes.
  /// unsupported: not a format this one decodes. too_large: over a limit, which is named.
  /// corrupt_input: cannot be decoded. deadline_exceeded: over the wall or CPU time.
  /// decoder_crashed: the decoder process died on it. exhausted, unavailable: not the image's
  /// fault; try again.
  virtual Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) = 0;
};

}  // namespace thumbmill
