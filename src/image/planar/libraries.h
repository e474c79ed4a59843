// The libraries that the kernels share.
#pragma once

#include <vector>

#include "image/library.h"

namespace thumbmill::planar {

std::vector<Library> libraries();

}  // namespace thumbmill::planar
