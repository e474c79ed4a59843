// The kernels that are ours, composed: what a decoder process that many images share works with.
#pragma once

#include <memory>
#include <vector>

#include "image/library.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Our own kernels for JPEG, PNG and WebP. It parses images where it is called: for decoder
/// processes and tests. What it leaves to libvips it answers with unsupported or corrupt_input.
std::unique_ptr<Thumbnailer> make_own_kernels();

/// What they are built on.
std::vector<Library> own_libraries();

}  // namespace thumbmill
