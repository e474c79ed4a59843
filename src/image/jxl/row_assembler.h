// Rows out of runs of pixels that come in any order, as JPEG XL's groups of 256 x 256 pixels do.
// Keeps only rows that are not finished, or that wait for one above them: of a file in the usual
// order some 600. Checks nothing of pixels' values. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace thumbmill::jxl {

class RowAssembler {
 public:
  /// Takes a finished row, from the top to the bottom: `width` x `channels` samples.
  using Sink = std::function<void(const std::uint16_t* row)>;

  RowAssembler(std::size_t width, std::size_t height, std::size_t channels, Sink sink);

  /// `samples` has `count` pixels of 3 values, or of 4 where `channels` is 2 or 4, between 0 and 1
  /// or outside; of 1 and 2 channels the first of three is taken. Runs outside of the picture are
  /// ignored. May throw std::bad_alloc.
  void add(std::size_t x, std::size_t y, std::size_t count, const float* samples);

  /// Hands out all rows that are left, finished or not. What never came is 0; a row of which
  /// nothing came is as the one above it.
  void finish();

  bool finished() const { return next_ == rows_.size(); }

 private:
  struct Row {
    std::unique_ptr<std::uint16_t[]> samples;
    std::size_t count = 0;  // pixels that came
  };

  std::unique_ptr<std::uint16_t[]> take_buffer();
  void hand_out(Row& row);

  const std::size_t width_;
  const std::size_t channels_;
  const Sink sink_;
  std::vector<Row> rows_;
  std::size_t next_ = 0;  // the first row that was not handed out
  std::vector<std::unique_ptr<std::uint16_t[]>> spare_;
};

}  // namespace thumbmill::jxl
