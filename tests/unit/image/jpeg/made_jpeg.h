// JPEGs made by libjpeg for tests, of any sampling factors, restart interval and progression; and
// what libjpeg reads from a JPEG, to compare with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace thumbmill::jpeg {

struct JpegOptions {
  std::uint32_t width = 64;
  std::uint32_t height = 48;
  int components = 3;
  bool rgb = false;  ///< components are red, green and blue, with Adobe's marker saying so
  /// Of 4 components, CMYK: as YCCK; and with Adobe's marker. Pixels go into the file as they are.
  bool ycck = false;
  bool adobe = true;
  /// Horizontal and vertical sampling factors of each component; of 4 they are libjpeg's.
  std::array<std::pair<int, int>, 3> factors{{{2, 2}, {1, 1}, {1, 1}}};
  int quality = 85;
  int restart_interval = 0;  ///< MCUs
  bool progressive = false;
  bool interleaved = true;  ///< of sequential files: one scan, or one a component
  bool optimized = false;   ///< Huffman tables made to measure
  bool arithmetic = false;
  std::uint32_t seed = 1;  ///< of the picture: smooth shapes with noise on top
};

std::string make_jpeg(const JpegOptions& options);

/// The same of `pixels`: height x width x components, interleaved RGB, grey or CMYK.
std::string make_jpeg(const JpegOptions& options, const std::vector<std::uint8_t>& pixels);

/// RGB pixels, height x width x 3, as libjpeg decodes `file` at side/8.
struct RgbPixels {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> bytes;
};
RgbPixels libjpeg_pixels(const std::string& file, int side);

/// Samples of one component as libjpeg gives them at `side`/8, without upsampling.
struct ReferencePlane {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> samples;  ///< width a row
};
/// At side/8 through libjpeg's raw interface. A component of lower resolution may come larger.
ReferencePlane libjpeg_plane(const std::string& file, int side, std::size_t component);

/// The dequantised coefficients of a component (jpeg_read_coefficients), 64 a block in natural
/// order, blocks_per_row a row.
struct ReferenceCoefficients {
  std::size_t blocks_per_row = 0;
  std::size_t block_rows = 0;
  std::vector<std::int32_t> values;
};
ReferenceCoefficients libjpeg_coefficients(const std::string& file, int component);

}  // namespace thumbmill::jpeg
