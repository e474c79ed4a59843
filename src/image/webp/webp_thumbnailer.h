// WebpThumbnailer: a Thumbnailer for WebP to JPEG, WebP and PNG. Still pictures are decoded to
// planes, which stay as they are up to the encoder unless a colour profile has to be applied; the
// smaller renditions are made from the larger ones. It parses images in the calling process, and so
// belongs in decoder processes and tests, nowhere else.
//
// It leaves to others, by unsupported: other formats than WebP, animations, renditions in other
// formats than those three. By corrupt_input: all that is damaged or cut off, whose verdict is
// libvips'.
#pragma once

#include "image/planar/color.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Thread-safe.
class WebpThumbnailer final : public Thumbnailer {
 public:
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  // May throw std::bad_alloc.
  Result<Thumbnails> make_within_memory(const ThumbnailRequest& request);

  planar::ProfileCache profiles_;
};

}  // namespace thumbmill
