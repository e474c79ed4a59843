// Makes one rendition after the other from a decoded picture: render, convert, place, encode, and
// the facts that are kept of it.
#pragma once

#include <deque>

#include "image/planar/color.h"
#include "image/planar/picture.h"
#include "image/thumbnailer.h"

namespace thumbmill::planar {

/// One thread at a time.
class RenditionMaker {
 public:
  /// `size` is the upright picture's before any reduction. `transform` may be null, and is borrowed
  /// for as long as this lives.
  RenditionMaker(Picture decoded, SizePx size, const ProfileTransform* transform);

  /// Cheapest with the larger renditions first. internal when it cannot be encoded.
  Result<MadeRendition> make(const RenditionSpec& spec);

 private:
  const Picture& source_for(const FitPlan& plan, std::uint32_t chroma_divisor) const;

  std::deque<Picture> pictures_;  // the decoded one, then whole pictures made of it, ever smaller
  SizePx size_;
  const ProfileTransform* transform_;
};

}  // namespace thumbmill::planar
