// The kernels that a decoder process works with, composed.
#pragma once

#include <memory>

#include "base/status.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Our own kernels for JPEG, PNG and WebP, and behind them libvips for all that they leave, warmed
/// up. For decoder processes and tests: it parses images where it is called. internal when libvips
/// cannot start.
Result<std::unique_ptr<Thumbnailer>> make_kernels();

}  // namespace thumbmill
