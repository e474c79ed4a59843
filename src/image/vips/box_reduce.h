// Makes a picture smaller by a whole number: each pixel of the result is the mean of a box of
// pixels. Rows come in one by one, and only one row of boxes is kept. Internal to image/vips; an
// object is for one thread at a time. Does not resize to an exact size: that is the resize's
// matter, which follows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thumbmill {

/// How one side is cut into boxes. The last and the first one share the loss when it does not
/// divide evenly, so that the result stays centred on the source (libvips' resize is centred as
/// well).
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

 private:
  std::size_t pixels_;
  std::size_t side_;
  std::size_t count_;
  std::size_t outside_;  // how far the first box reaches over the edge
};

/// The reduced picture: height_px x width_px x channels, interleaved.
struct ReducedPixels {
  std::size_t width_px = 0;
  std::size_t height_px = 0;
  std::size_t channels = 0;
  bool wide = false;                ///< 16-bit samples in the machine's order, else 8-bit
  std::vector<std::uint8_t> bytes;  ///< of all samples
};

/// The largest box side: 255 x 255 x 255 x 255 is still below 2^32.
inline constexpr std::size_t kMostBoxSide = 255;

/// Takes a source's rows from the top to the bottom.
class BoxReducer {
 public:
  virtual ~BoxReducer() = default;

  /// The next row: width_px x channels samples, interleaved. Once for each row of the source. 16
  /// bytes behind the row are readable when samples have 8 bits.
  virtual void add(const void* samples) = 0;

  /// After the last row. Means are rounded to the nearest, halves up; where there is alpha, colours
  /// are weighted by it, so that what is transparent does not bleed, and are zero where all is.
  virtual ReducedPixels take() = 0;
};

/// `channels` is 1 to 4, of which the last one is alpha (not premultiplied) if `has_alpha`; sizes
/// are at least 1; `side` is at most kMostBoxSide. Allocates the result, and some bytes a column.
std::unique_ptr<BoxReducer> make_box_reducer(std::size_t width_px, std::size_t height_px,
                                             std::size_t channels, bool has_alpha, bool wide,
                                             std::size_t side);

}  // namespace thumbmill
