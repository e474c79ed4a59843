// A change of colours that has to happen before samples are rounded to 8 bits.
#pragma once

#include <cstddef>

namespace thumbmill::planar {

/// Applied to finished rows. Thread-safe.
class RowConversion {
 public:
  virtual ~RowConversion() = default;

  /// `rgb` has `pixels` x 3 samples, interleaved, not multiplied by alpha, 0 to 1 or a little
  /// outside; they are replaced by sRGB's, 0 to 1.
  virtual void convert(float* rgb, std::size_t pixels) const = 0;
};

}  // namespace thumbmill::planar
