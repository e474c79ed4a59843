// VipsThumbnailer: a Thumbnailer on libvips (https://www.libvips.org). It parses images in the
// calling process, and is what our kernels are compared with in tests.
//
// A truncated JPEG or GIF gives what there is of the picture, the rest grey or empty; any other
// damage is corrupt_input. Of several frames or pages the first is used, of a HEIC the primary
// image.
#pragma once

#include <memory>

#include "image/thumbnailer.h"

namespace thumbmill {

/// Thread-safe, but made for one call at a time: libvips works in the calling thread only.
class VipsThumbnailer final : public Thumbnailer {
 public:
  /// Sets libvips up for this process: no worker threads, no cache, no loader but those of the
  /// formats we take. internal when libvips cannot start.
  static Result<std::unique_ptr<VipsThumbnailer>> create();

  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  VipsThumbnailer() = default;
};

}  // namespace thumbmill
