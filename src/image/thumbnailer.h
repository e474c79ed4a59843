// Thumbnailer: turns an image into renditions. A pure function of its request; keeps nothing.
//
// planar/PlanarThumbnailer parses the image in the calling process and therefore runs inside
// decoder processes only. sandbox/DecoderPool is a Thumbnailer as well: it hands the work to such a
// process. Both and the fake run tests/conformance/thumbnailer_suite.h.
#pragma once

#include <cstdint>
#include <functional>
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

/// Two kinds of decoding follow each other at the most: our own and a library's.
inline constexpr int kMostAdmissions = 2;

struct ThumbnailRequest {
  Blob source;                             ///< the original's bytes; not trusted in any way
  ImageFormat format = ImageFormat::jpeg;  ///< by its magic bytes; decides which decoder is used
  std::vector<RenditionSpec> renditions;   ///< validate() holds for them
  ImageLimits limits;
  /// Called when the header was read and before the pixels are, with about how many bytes they will
  /// take: it may wait for them to be free, and its failure is the call's. Called again, at most
  /// kMostAdmissions times in all, by who takes over from another way of decoding, with what that
  /// takes instead. May be empty. Work that takes next to nothing need not ask.
  std::function<Status(std::uint64_t bytes)> admit = {};
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
  /// unsupported: not a format this one decodes. too_large: over a limit, that on CPU time
  /// included, which is named. corrupt_input: cannot be decoded. deadline_exceeded: over the wall
  /// time, which another try may not be.
  /// decoder_crashed: the decoder process died on it. exhausted, unavailable: not the image's
  /// fault; try again.
  virtual Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) = 0;
};

}  // namespace thumbmill
