// TIFF files of any kind, made in memory with libtiff for tests.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tiffio.h>

namespace thumbmill::tiff {

struct TiffSpec {
  std::uint32_t width = 37;
  std::uint32_t height = 29;
  int bits = 8;
  std::uint16_t samples = 3;
  std::uint16_t photometric = PHOTOMETRIC_RGB;
  std::uint16_t format = SAMPLEFORMAT_UINT;
  std::uint16_t compression = COMPRESSION_NONE;
  int effort = 0;  ///< ZSTD's level, LZMA's preset; 0: libtiff's default
  std::uint16_t predictor = 1;
  std::uint16_t fill_order = FILLORDER_MSB2LSB;
  bool separate = false;
  std::uint32_t tile_width = 0;  ///< 0: strips
  std::uint32_t tile_height = 0;
  std::uint32_t rows_per_strip = 7;
  std::vector<std::uint16_t> extra = {};
  int orientation = 1;
  std::string profile = {};
  std::vector<std::array<std::uint16_t, 3>> palette = {};
  std::array<std::uint16_t, 2> subsampling{1, 1};  ///< of YCbCr
  const char* mode = "wl";                         ///< libtiff's: "wb" big-endian, "w8" BigTIFF
  int pages = 1;
};

/// The value of a sample, 0 to 1; of `numbers` the sample itself.
using Value = std::function<double(std::uint32_t x, std::uint32_t y, std::size_t sample)>;

/// The file. `number` gives samples themselves, where `value` is empty.
std::string write_tiff(const TiffSpec& spec, const Value& value);

/// The same with samples' bits given as they are.
std::string write_tiff_numbers(
    const TiffSpec& spec,
    const std::function<std::uint64_t(std::uint32_t, std::uint32_t, std::size_t)>& number);

/// A smooth picture without a flat place: each sample has a slope of its own.
double slopes(const TiffSpec& spec, std::uint32_t x, std::uint32_t y, std::size_t sample);

/// The bits of a sample of `spec` that stands for `value`, 0 to 1.
std::uint64_t coded(const TiffSpec& spec, double value);

/// A copy of a little-endian file with the value of a tag (a SHORT or LONG, or the offset of its
/// values) of its first page changed.
std::string with_tag(std::string file, std::uint16_t tag, std::uint32_t value);

/// The value in the directory of a little-endian file, as above. 0 without the tag.
std::uint32_t tag_of(const std::string& file, std::uint16_t tag);

}  // namespace thumbmill::tiff
