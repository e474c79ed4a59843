// PngThumbnailer: a Thumbnailer for PNG to JPEG, WebP and PNG. Decodes to planes, in boxes of
// pixels where the picture becomes much smaller; the smaller renditions are made from the larger
// ones. It parses images in the calling process, and so belongs in decoder processes and tests,
// nowhere else.
//
// It leaves to others, by unsupported or corrupt_input: other formats than PNG; interlaced,
// animated, unusual and damaged files, whose verdict is libvips'; renditions in other formats than
// those three.
#pragma once

#include "image/planar/color.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Thread-safe.
class PngThumbnailer final : public Thumbnailer {
 public:
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  // May throw std::bad_alloc.
  Result<Thumbnails> make_within_memory(const ThumbnailRequest& request);

  planar::ProfileCache profiles_;
};

}  // namespace thumbmill
