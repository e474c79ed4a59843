// The kernels whose decoders are our own: what a decoder process that many images share works with.
#pragma once

#include <memory>
#include <vector>

#include "image/library.h"
#include "image/planar/planar_thumbnailer.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// The formats that they read.
std::vector<planar::FormatDecoder> own_decoders();

/// Reads own_decoders(), writes JPEG, PNG and WebP. It parses images where it is called: for
/// decoder processes and tests.
std::unique_ptr<Thumbnailer> make_own_kernels();

/// What they are built on.
std::vector<Library> own_libraries();

}  // namespace thumbmill
