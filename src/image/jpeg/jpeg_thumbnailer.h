// JpegThumbnailer: a Thumbnailer for JPEG to JPEG, WebP and PNG. What it is quick by is what it
// does not do: it decodes no more than the renditions show (skim_decoder.h), keeps the file's YCbCr
// up to the encoder unless a colour profile has to be applied, and makes the smaller renditions
// from the larger ones. It parses images in the calling process, and so belongs in decoder
// processes and tests, nowhere else.
//
// The scale is the smallest of 1/8, 1/4, 1/2 and 1/1 at which the decoded luma has at least twice
// the sides of every rendition, and chroma at least the sides at which it is stored. What the quick
// decoder declines is decoded by libjpeg-turbo. A truncated file gives what there is of the
// picture, the rest grey; one without a whole header, corrupt_input.
//
// It leaves to others, by unsupported: other formats than JPEG, CMYK and YCCK, renditions in other
// formats than those three.
#pragma once

#include "image/planar/color.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Thread-safe.
class JpegThumbnailer final : public Thumbnailer {
 public:
  /// How many times the sides at which a rendition stores chroma a decoded picture's must have:
  /// eyes do not see more. For luma it is kOversampling (image/reduction.h).
  static constexpr double kChromaOversampling = 1.0;

  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  // May throw std::bad_alloc.
  Result<Thumbnails> make_within_memory(const ThumbnailRequest& request);

  planar::ProfileCache profiles_;
};

}  // namespace thumbmill
