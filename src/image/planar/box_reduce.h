// Makes a picture smaller by a whole number, on the way from interleaved rows to planes: each
// sample of the result stands for a box of pixels. Rows come in one by one, and only a few rows of
// boxes are kept. For decoders that give rows; an object is for one thread at a time. Does not
// resize to an exact size: the resize that follows does.
//
// A box's mean is a little too smooth, which shows in a thumbnail (1 to 4 dB against a resize of
// the whole picture), and three taps across the means and three down put it right: see taps_of().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "image/planar/picture.h"
#include "image/planar/row_conversion.h"

namespace thumbmill::planar {

/// How one side is cut into boxes, from the beginning on; the last one may be smaller.
class BoxGrid {
 public:
  /// Both at least 1.
  BoxGrid(std::size_t pixels, std::size_t side) : pixels_(pixels), side_(side) {}

  std::size_t pixels() const { return pixels_; }
  std::size_t side() const { return side_; }
  std::size_t count() const { return (pixels_ + side_ - 1) / side_; }
  /// The box's pixels are [begin, end).
  std::size_t begin(std::size_t box) const { return box * side_; }
  std::size_t end(std::size_t box) const { return std::min((box + 1) * side_, pixels_); }

 private:
  std::size_t pixels_;
  std::size_t side_;
};

/// What a box's own mean and that of each of its two neighbours count in one direction; the sum is
/// 1. At an edge the outermost box is its own neighbour.
struct BoxTaps {
  double here = 1;
  double beside = 0;
};

/// The taps that undo most of the smoothness of means of `side` pixels. For waves of v periods a
/// box, v below 1/4 in what a resize by half or less leaves: the mean of `side` points weakens them
/// by 1 - pi^2 v^2 (1 - 1 / side^2) / 6, and taps -k, 1 + 2k, -k strengthen them by 1 + 4 pi^2 v^2
/// k, both but for v^4, so that k = (1 - 1 / side^2) / 24 would undo all of it. It would also
/// strengthen what text and drawings have above 1/4, of which some gets through; with 1/40 both
/// photos and drawings come out within 0.06 dB of a resize of the whole picture, or nearer to the
/// true one than that.
BoxTaps taps_of(std::size_t side);

/// The largest box side: sums of 255 x 255 products of two bytes are below 2^32.
inline constexpr std::size_t kMostBoxSide = 255;

/// Takes a source's rows from the top to the bottom.
class BoxReducer {
 public:
  virtual ~BoxReducer() = default;

  /// The next row: width_px x channels samples, interleaved. Once for each row of the source. 16
  /// bytes behind the row are readable when samples have 8 bits.
  virtual void add(const void* samples) = 0;

  /// After the last row. Rounded to the nearest, to 8 bits.
  virtual Picture take() = 0;
};

/// `channels` is 1 to 4, of which the last one is alpha (not premultiplied) if `has_alpha`; four
/// without it are inks, for which there is no `conversion`. Sizes are at least 1; `side` is at most
/// kMostBoxSide. `conversion` is applied to each row of the result before it is rounded to 8 bits;
/// it may be null, and outlives the reducer. Allocates the result, and some bytes a column.
std::unique_ptr<BoxReducer> make_box_reducer(std::size_t width_px, std::size_t height_px,
                                             std::size_t channels, bool has_alpha, bool wide,
                                             std::size_t side,
                                             const RowConversion* conversion = nullptr);

}  // namespace thumbmill::planar
