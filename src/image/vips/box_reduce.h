// Makes a picture smaller by a whole number: each pixel of the result stands for a box of pixels.
// Rows come in one by one, and only a few rows of boxes are kept. Internal to image/vips; an object
// is for one thread at a time. Does not resize to an exact size: that is the resize's matter, which
// follows.
//
// A box's mean is a little too smooth, and boxes that do not divide a side evenly lie up to half a
// pixel of the source beside where the resize takes them to be. Both show in a thumbnail (1 to 4 dB
// against a resize of the whole picture), and three taps across the means and three down put both
// right: see taps_of().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thumbmill {

/// How one side is cut into boxes. The first and the last one share what is missing when it does
/// not divide evenly, so that the result stays centred on the source, as libvips' resize takes it.
class BoxGrid {
 public:
  /// Both at least 1.
  BoxGrid(std::size_t pixels, std::size_t side)
      : pixels_(pixels),
        side_(side),
        count_((pixels + side - 1) / side),
        outside_((count_ * side - pixels) / 2) {}

  std::size_t pixels() const { return pixels_; }
  std::size_t side() const { return side_; }
  std::size_t count() const { return count_; }
  /// The box's pixels are [begin, end).
  std::size_t begin(std::size_t box) const { return box == 0 ? 0 : box * side_ - outside_; }
  std::size_t end(std::size_t box) const { return std::min((box + 1) * side_ - outside_, pixels_); }

  /// How far the boxes lie towards the end from where they would be centred: a part of a box.
  double shift() const {
    return (count_ * side_ - pixels_) % 2 == 0 ? 0 : 0.5 / static_cast<double>(side_);
  }

 private:
  std::size_t pixels_;
  std::size_t side_;
  std::size_t count_;
  std::size_t outside_;  // how far the first box reaches over the edge
};

/// What a box's own mean and those of its neighbours count in one direction; the sum is 1. At an
/// edge the outermost box is its own neighbour.
struct BoxTaps {
  double before = 0;
  double here = 1;
  double after = 0;
};

/// The taps that undo a grid's shift and most of the smoothness of its means. For waves of v
/// periods a box, v below 1/4 in what a resize by half or less leaves: the mean of `side` points
/// weakens them by 1 - pi^2 v^2 (1 - 1 / side^2) / 6, and taps -k, 1 + 2k, -k strengthen them by 1
/// + 4 pi^2 v^2 k, both but for v^4, so that k = (1 - 1 / side^2) / 24 would undo all of it. It
/// would also strengthen what text and drawings have above 1/4, of which some gets through; with
/// 1/40 both photos and drawings come out within 0.06 dB of a resize of the whole picture, or
/// nearer to the true one than that. The shift is undone by a Taylor series of two terms.
BoxTaps taps_of(const BoxGrid& grid);

/// The reduced picture: height_px x width_px x channels, interleaved.
struct ReducedPixels {
  std::size_t width_px = 0;
  std::size_t height_px = 0;
  std::size_t channels = 0;
  bool wide = false;                ///< 16-bit samples in the machine's order, else 8-bit
  std::vector<std::uint8_t> bytes;  ///< of all samples
};

/// The largest box side: sums of 255 x 255 products of two bytes are below 2^32.
inline constexpr std::size_t kMostBoxSide = 255;

/// Takes a source's rows from the top to the bottom.
class BoxReducer {
 public:
  virtual ~BoxReducer() = default;

  /// The next row: width_px x channels samples, interleaved. Once for each row of the source. 16
  /// bytes behind the row are readable when samples have 8 bits.
  virtual void add(const void* samples) = 0;

  /// After the last row. Rounded to the nearest. Where there is alpha, colours are weighted by it,
  /// so that what is transparent does not bleed, and are zero where all is.
  virtual ReducedPixels take() = 0;
};

/// `channels` is 1 to 4, of which the last one is alpha (not premultiplied) if `has_alpha`; sizes
/// are at least 1; `side` is at most kMostBoxSide. Allocates the result, and some bytes a column.
std::unique_ptr<BoxReducer> make_box_reducer(std::size_t width_px, std::size_t height_px,
                                             std::size_t channels, bool has_alpha, bool wide,
                                             std::size_t side);

}  // namespace thumbmill
