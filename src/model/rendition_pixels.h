// The bound on what one job may have made: the pixels of each rendition, and of all of them
// together. Half of it is known from the request alone and refused before anything is stored; the
// rest depends on the image, and is refused when its header has been read.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill {

/// The renditions of a job may have this many times the pixels of the largest one that is allowed:
/// enough for a series of which each has half the pixels of the one before.
inline constexpr std::uint64_t kRenditionsTogether = 2;

/// What `spec` may make of the smallest image: the pixels of its box where that is padded
/// (Fit::contain) or small images are enlarged. 0 where no rendition has more pixels than the
/// image, and where a side follows the image's aspect.
std::uint64_t pixels_of_any_image(const RenditionSpec& spec);

/// ok when the specs alone break no bound: no rendition has over `max_pixels`, all together no more
/// than kRenditionsTogether times that. Otherwise invalid_argument naming the rendition and
/// max-rendition-pixels.
Status check_boxes(const std::vector<RenditionSpec>& specs, std::uint64_t max_pixels);

/// The same for what plan_fit() makes of an upright source of this size, whatever the specs:
/// too_large. Every side is >= 1.
Status check_plans(SizePx source, const std::vector<RenditionSpec>& specs,
                   std::uint64_t max_pixels);

/// Time that writing these renditions may take beyond an image's limits, when check_plans() holds
/// for them: 0.3 s for each megapixel, in whole seconds, several times what the slowest encoder
/// takes.
std::chrono::seconds writing_allowance(const std::vector<RenditionSpec>& specs,
                                       std::uint64_t max_pixels);

/// The most that writing_allowance() can be.
std::chrono::seconds longest_writing_allowance(std::uint64_t max_pixels);

}  // namespace thumbmill
