// How much smaller than it is a picture may be decoded, in one place, so that every kernel's
// renditions are equally sharp.
#pragma once

#include <cstddef>
#include <vector>

#include "model/rendition.h"

namespace thumbmill {

/// How many times the renditions' sides a decoded picture must have. Below, the reduction's own
/// softness and aliases show: 1 costs a decibel, more than 2 gives nothing (bench/README.md).
inline constexpr double kOversampling = 2.0;

/// How many times smaller a picture of size `upright` may be decoded for every rendition to stay
/// kOversampling below it: at least 1, which is as it is.
double allowed_reduction(SizePx upright, const std::vector<RenditionSpec>& renditions);

/// The places of `renditions` in the order in which to make them: by size, for a smaller one is
/// made from a larger one that is kOversampling times its size.
std::vector<std::size_t> largest_first(SizePx upright,
                                       const std::vector<RenditionSpec>& renditions);

}  // namespace thumbmill
