// What the first page of a TIFF is like: its size, how its samples are coded and what they mean.
// Reads tags only (TIFF 6.0 section 8 and those named below), no pixels; what it gives was checked
// so far that rows can be read by it without further questions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "image/tiff/tiff_file.h"
#include "model/limits.h"
#include "model/rendition.h"

namespace thumbmill::tiff {

/// What the first samples of a pixel are.
enum class Colors {
  grey,
  white_is_zero,  ///< grey the other way round
  palette,
  rgb,
  cmyk,
  ycbcr,
  cie_lab,  ///< section 23
  icc_lab,  ///< Adobe Photoshop TIFF Technical Notes (2002), ICCLab
  itu_lab,  ///< RFC 2301 section 6.2.3, in its default range
};

/// Section 19: SampleFormat.
enum class SampleFormat { whole, with_sign, real };

/// Section 18. `multiplied`: colours are.
enum class Alpha { none, straight, multiplied };

/// YCbCr to RGB, section 21, of 8-bit samples.
struct YcbcrCoding {
  std::uint32_t across = 1;  ///< pixels that share a chroma sample: 1, 2 or 4
  std::uint32_t down = 1;
  std::array<float, 3> luma{0.299f, 0.587f, 0.114f};
  std::array<float, 6> reference{0, 255, 128, 255, 128, 255};  ///< black and white of each
};

struct Layout {
  SizePx size;  ///< as stored; both at least 1 and within the limits
  int orientation = 1;
  Colors colors = Colors::grey;
  Alpha alpha = Alpha::none;
  int bits = 8;  ///< of a sample, 1 to 64
  SampleFormat format = SampleFormat::whole;
  std::size_t samples_per_pixel = 1;
  std::vector<std::uint16_t> taken;  ///< which of them: those of `colors`, then alpha
  bool separate = false;             ///< a plane for each sample
  std::uint16_t compression = 1;
  bool tiled = false;
  SizePx segment;                 ///< a tile; or a strip, the last of which may be lower
  std::size_t row_bytes = 0;      ///< of a segment and plane; of a subsampled one, of a pixel row
  std::size_t segment_bytes = 0;  ///< decoded, of one plane
  YcbcrCoding ycbcr;              ///< where `colors` says so

  bool subsampled() const { return ycbcr.across > 1 || ycbcr.down > 1; }
  std::size_t color_samples() const { return taken.size() - (alpha == Alpha::none ? 0 : 1); }
  std::size_t segments_across() const { return (size.width + segment.width - 1) / segment.width; }
  std::size_t segments_down() const { return (size.height + segment.height - 1) / segment.height; }
  /// Planes to be read.
  std::size_t planes() const { return separate ? taken.size() : 1; }
};

/// Tells libtiff how to give what it can convert by itself (JPEG's YCbCr and LogLuv as RGB), which
/// each handle of the file has to be told before pixels are read.
void prepare(TiffFile& file);

/// unsupported: a variant that is not read. corrupt_input: tags that contradict each other.
/// too_large: names max-side or max-pixels. To be called after prepare().
Result<Layout> read_layout(TiffFile& file, const ImageLimits& limits);

/// Red, green and blue of each index, 16-bit; as many as `layout.bits` allow. Empty without a
/// colour map.
std::vector<std::array<std::uint16_t, 3>> read_palette(TiffFile& file, const Layout& layout);

/// The ICC profile, tag 34675; empty without.
std::string read_profile(TiffFile& file);

}  // namespace thumbmill::tiff
