// Makes thumbnails in a child process and tells how much memory that took: for tests of what files
// can make a kernel do.
#pragma once

#include <cstdint>
#include <string>

#include "image/thumbnailer.h"

namespace thumbmill {

struct MeasuredRun {
  bool survived = false;  ///< else the child died, and nothing else is known
  Code code = Code::ok;
  std::uint64_t asked_bytes = 0;  ///< the most that was asked for at once; 0: it did not ask
  std::uint64_t taken_bytes = 0;  ///< resident at the peak, beyond what there was (getrusage(2))
};

/// `request.admit` is replaced. `kernels` must not need threads.
MeasuredRun measure(Thumbnailer& kernels, ThumbnailRequest request);

/// A file of a format, to a rendition of 64 x 64.
ThumbnailRequest request_for(ImageFormat format, const std::string& file,
                             const ImageLimits& limits = {});

/// The same, measured.
MeasuredRun measure(Thumbnailer& kernels, ImageFormat format, const std::string& file,
                    const ImageLimits& limits = {});

}  // namespace thumbmill
