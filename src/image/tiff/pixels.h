// From a TIFF's packed samples to rows of pixels as planar::BoxReducer takes them: interleaved
// grey, RGB or inks, with alpha last and colours not multiplied by it. What was not decoded is
// white, or clear in a picture with alpha.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/planar/picture.h"
#include "image/tiff/lab.h"
#include "image/tiff/layout.h"
#include "image/tiff/samples.h"
#include "image/tiff/segments.h"
#include "image/tiff/ycbcr.h"

namespace thumbmill::tiff {

using Palette = std::vector<std::array<std::uint16_t, 3>>;

/// One thread at a time.
class PixelRows {
 public:
  /// `layout` is borrowed. `palette` has an entry for each index where `layout` has indices.
  PixelRows(const Layout& layout, const Palette& palette);

  std::size_t channels() const { return channels_; }
  planar::ColorModel model() const;
  bool has_alpha() const { return layout_.alpha != Alpha::none; }
  /// 16-bit; else 8-bit.
  bool wide() const { return wide_; }

  /// Row `row` of `band`, valid until the next call or until the band changes; 16 bytes behind it
  /// are readable.
  const void* convert(const Band& band, std::size_t row);

 private:
  template <typename Sample>
  const void* convert_to(const Band& band, std::size_t row);
  template <typename Sample>
  void convert_piece(const Piece& piece, std::size_t row, Sample* out);
  template <typename Sample>
  void convert_colors(const Piece& piece, std::size_t row, Sample* out);
  // Samples of colours, interleaved, to `out`.
  void read_colors(const SampleReader& reader, const Piece& piece, std::size_t row, void* out,
                   std::size_t sample_bytes, std::size_t out_step) const;
  void read_sample(const SampleReader& reader, const Piece& piece, std::size_t row,
                   std::size_t which, void* out, std::size_t out_step) const;
  bool is_as_stored() const;

  const Layout& layout_;
  std::size_t channels_;
  bool wide_;
  bool as_stored_;
  SampleReader color_reader_;
  std::optional<SampleReader> alpha_reader_;
  std::optional<LabToSrgb> lab_;
  std::optional<YcbcrToRgb> ycbcr_;
  Palette palette_;
  std::vector<std::uint8_t> row_;     // what is given
  std::vector<std::uint8_t> colors_;  // of a piece, before they are converted
};

}  // namespace thumbmill::tiff
