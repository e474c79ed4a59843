// How much memory an image's pixels will take, by its header. Internal to image/vips.
#pragma once

#include <cstdint>

#include "image/vips/loader.h"

namespace thumbmill {

/// About the most bytes that make() takes for an opened image beyond an idle process: what the
/// format's decoder keeps of it, what is shared by the renditions, and the renditions themselves.
/// Rather too much than too little; the corpus test compares it with what is taken.
std::uint64_t estimate_memory(const OpenImage& opened, const ThumbnailRequest& request);

}  // namespace thumbmill
