// Resizes planes: separable, fixed-point, the vertical pass first, a row at a time. Cropping and
// mirroring cost nothing, for they only change where the taps lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/planar/picture.h"

namespace thumbmill::planar {

enum class Filter { lanczos3, triangle };

/// One direction of a resize: sample i of the output has its centre at `offset + (i + 0.5) * step`
/// in the input, measured in input samples from its edge (the first sample's centre is 0.5).
/// A negative step mirrors.
struct Axis {
  std::size_t in = 0;   ///< samples there are, at least 1; past them the last one is repeated
  std::size_t out = 0;  ///< samples to make, at least 1
  double offset = 0;
  double step = 1;
  bool operator==(const Axis&) const = default;
};

/// The weights of one direction. Each output sample has as many taps, consecutive input samples;
/// weights have 14 fractional bits and add up to one exactly, so that flat stays flat.
struct Taps {
  static constexpr int kBits = 14;
  std::size_t in = 0;                 ///< of the axis
  std::size_t count = 0;              ///< a sample, a multiple of 16 with zeros behind
  std::size_t used = 0;               ///< of these, at most
  std::vector<std::uint32_t> first;   ///< input sample of the first tap, by output sample
  std::vector<std::int16_t> weights;  ///< by output sample, `count` each
};

Taps make_taps(const Axis& axis, Filter filter);

/// `source` through the taps of axes whose `in` are its sides. The extent of the result is its
/// size: the caller sets it otherwise. The same bits with and without vector instructions.
Plane resample(const Plane& source, const Taps& across, const Taps& down);

/// The passes, for tests: the portable code, and the one with AVX2 where the processor has it.
/// `rows` has taps.used pointers of `width` samples each; a row of results has 6 fractional bits,
/// and room for kRowPadding more.
inline constexpr std::size_t kRowPadding = 32;
struct Passes {
  void (*vertical)(const std::uint8_t* const* rows, const std::int16_t* weights, std::size_t count,
                   std::size_t width, std::int16_t* out);
  void (*horizontal)(const std::int16_t* row, const Taps& taps, std::uint8_t* out);
};
Passes portable_passes();
Passes best_passes();

}  // namespace thumbmill::planar
