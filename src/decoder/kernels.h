// All kernels: what the decoder program for one image a process works with, and tests and
// benchmarks.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "image/library.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Reads and writes every format, warmed up: what the first image would otherwise load and set up,
/// files included, is there. Starts no thread. It parses images where it is called: for decoder
/// processes and tests. unavailable or internal when a library cannot be set up.
Result<std::unique_ptr<Thumbnailer>> make_kernels();

/// What they are built on.
std::vector<Library> libraries();

}  // namespace thumbmill
