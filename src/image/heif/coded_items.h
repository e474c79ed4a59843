// The true sizes of all coded pictures in a file. libheif goes by the declared ones, and takes the
// memory for the true ones: they are looked up before it is asked.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "image/heif/container.h"
#include "model/limits.h"

namespace thumbmill::heif {

/// Pixels of the largest coded picture, whether it is shown or not. too_large: one is over a limit,
/// which is named. unsupported: one is of a codec whose headers are not read here. corrupt_input: a
/// header cannot be read.
Result<std::uint64_t> most_coded_pixels(const Container& container, const ImageLimits& limits);

}  // namespace thumbmill::heif
