// All kernels in one chain: what a DecoderPool's two programs make of an image between them, in the
// calling process. For tests and benchmarks.
#pragma once

#include <memory>

#include "base/status.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Our own kernels, and behind them libvips for all that they leave, warmed up. internal when
/// libvips cannot start.
Result<std::unique_ptr<Thumbnailer>> make_kernels();

}  // namespace thumbmill
