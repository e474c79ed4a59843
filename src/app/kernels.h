// The kernels that a decoder process works with, composed.
#pragma once

#include <memory>

#include "base/status.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Our own kernel for JPEG, and behind it libvips for all that it leaves, warmed up. For decoder
/// processes and tests: it parses images where it is called. internal when libvips cannot start.
Result<std::unique_ptr<Thumbnailer>> make_kernels();

}  // namespace thumbmill
