#include "image/gif/gif_kernel.h"

#include <cstring>
#include <vector>

#include "image/gif/container.h"
#include "image/gif/lzw.h"
#include "image/planar/rows.h"

namespace thumbmill::gif {
namespace {

// A frame's rows from the top to the bottom, as indices; null when there are no more.
class FrameRows {
 public:
  explicit FrameRows(const Frame& frame)
      : width_(frame.size.width),
        height_(frame.size.height),
        interlaced_(frame.interlaced),
        decoder_(frame.data, frame.literal_bits),
        indices_(width_ * (interlaced_ ? height_ : 1)),
        there_(interlaced_ ? height_ : 0) {
    if (interlaced_) read_passes();
  }

  const std::uint8_t* next() {
    if (interlaced_) return row_near(row_++);
    return decoder_.read(indices_.data(), width_) == width_ ? indices_.data() : nullptr;
  }

 private:
  // GIF89a appendix E: rows 0, 8, ... then 4, 12, ... then 2, 6, ... then 1, 3, ...
  void read_passes() {
    constexpr std::size_t kFirst[] = {0, 4, 2, 1};
    constexpr std::size_t kStep[] = {8, 8, 4, 2};
    for (std::size_t pass = 0; pass < 4; ++pass) {
      for (std::size_t y = kFirst[pass]; y < height_; y += kStep[pass]) {
        if (decoder_.read(indices_.data() + y * width_, width_) < width_) return;
        there_[y] = true;
      }
    }
  }

  // For a row that is missing, the next one above it of an earlier pass.
  const std::uint8_t* row_near(std::size_t y) const {
    for (std::size_t step = 1; step <= 8 && y < height_; step *= 2) {
      const std::size_t nearest = y / step * step;
      if (there_[nearest]) return indices_.data() + nearest * width_;
    }
    return nullptr;
  }

  const std::size_t width_;
  const std::size_t height_;
  const bool interlaced_;
  LzwDecoder decoder_;
  std::vector<std::uint8_t> indices_;
  std::vector<bool> there_;
  std::size_t row_ = 0;
};

// The canvas' rows as pixels.
class CanvasRows {
 public:
  CanvasRows(const Frame& frame, std::size_t channels)
      : frame_(frame),
        channels_(channels),
        rows_(frame),
        pixels_(frame.canvas.width * channels + planar::kRowPadding) {}

  const std::uint8_t* next() {
    const std::uint32_t y = y_++;
    if (y < frame_.top) return pixels_.data();
    if (y - frame_.top < frame_.size.height) {
      const std::uint8_t* const indices = rows_.next();
      if (indices == nullptr) return nullptr;
      any_ = true;
      std::uint8_t* to = pixels_.data() + frame_.left * channels_;
      for (std::size_t x = 0; x < frame_.size.width; ++x, to += channels_) {
        // Four bytes for a pixel of three: the next pixel, or the padding, takes the fourth.
        std::memcpy(to, frame_.palette[indices[x]].data(), 4);
      }
    } else if (y - frame_.top == frame_.size.height) {
      pixels_.assign(pixels_.size(), 0);
    }
    return pixels_.data();
  }

  // Whether a row of the frame was there.
  bool any() const { return any_; }

 private:
  const Frame& frame_;
  const std::size_t channels_;
  FrameRows rows_;
  std::vector<std::uint8_t> pixels_;
  std::uint32_t y_ = 0;
  bool any_ = false;
};

}  // namespace

Result<planar::Decoded> decode_gif(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const Frame frame, read_first_frame(file));
  planar::RowShape shape;
  shape.size = frame.canvas;
  shape.has_alpha = frame.has_transparency || frame.canvas != frame.size;
  shape.channels = shape.has_alpha ? 4 : 3;
  const std::uint64_t kept_rows = frame.interlaced ? frame.size.height : 1;
  const std::uint64_t reading =
      sizeof(LzwDecoder) + frame.size.width * kept_rows + frame.canvas.width * shape.channels;
  RETURN_IF_ERROR(planar::admit_rows(request, shape, reading));
  CanvasRows rows(frame, shape.channels);
  ASSIGN_OR_RETURN(planar::Decoded decoded,
                   planar::reduce_rows(request, shape, [&] { return rows.next(); }));
  if (!rows.any()) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "a GIF's frame has no rows");
  }
  return decoded;
}

}  // namespace thumbmill::gif
