// Which images share a process one after the other, and which have one to themselves. Internal to
// sandbox/.
#pragma once

#include <chrono>

#include "image/thumbnailer.h"

namespace thumbmill {

/// What may take longer to write does not share a process: its limit on CPU time would have to have
/// room for it.
inline constexpr std::chrono::seconds kLongestSharedWriting{5};

/// Whether the program for shared processes reads and writes all formats of the request, and has
/// the time to.
bool may_share_process(const ThumbnailRequest& request);

}  // namespace thumbmill
