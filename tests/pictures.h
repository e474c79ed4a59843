// Pictures for tests: made, written as files of any format, and read back to look at their pixels.
// Uses libvips directly, and so only in tests that carry the label "vips".
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"
#include "reference/vips_image.h"

namespace thumbmill {

/// A decoded picture: 8-bit sRGB, three bands (grey as well), or four with alpha, interleaved, top
/// row first.
struct Picture {
  SizePx size;
  std::size_t bands = 3;
  std::string pixels;
  bool has_profile = false;
  bool has_metadata = false;  ///< EXIF, XMP, IPTC or an orientation

  /// Red, green, blue and alpha (255 without an alpha band) at a place.
  std::array<int, 4> at(std::uint32_t x, std::uint32_t y) const;
};

/// Reads a file that the product wrote. Ends the process when it cannot: a test's failure.
Picture decode_picture(const std::string& file);

/// Mean difference of all bands, 0 to 255; 255 when sizes or bands differ.
double mean_difference(const Picture& a, const Picture& b);

/// The largest difference of a band between two colours, alpha included.
int color_distance(const std::array<int, 4>& a, const std::array<int, 4>& b);

/// Four flat quarters: red | green over blue | yellow. 8-bit sRGB.
VipsImagePtr four_colors(int width, int height);
inline constexpr std::array<int, 4> kRed{220, 40, 40, 255};
inline constexpr std::array<int, 4> kGreen{40, 180, 60, 255};
inline constexpr std::array<int, 4> kBlue{50, 60, 200, 255};
inline constexpr std::array<int, 4> kYellow{230, 210, 50, 255};

/// The same with a fourth band: the left half is opaque, the right half has the given alpha.
VipsImagePtr four_colors_alpha(int width, int height, int right_alpha);

/// Noise from a fixed seed: nothing in it is flat, so that every byte of a rendition counts.
VipsImagePtr noise(int width, int height);

/// A copy that says it is to be turned as EXIF 2.3, tag 274, `orientation` says, with its pixels
/// moved so that it looks like `upright` once it is turned.
VipsImagePtr turned(VipsImage* upright, int orientation);

/// The file of `image`; `suffix` is libvips' file name suffix with options: ".jpg[Q=95]".
std::string write_picture(VipsImage* image, const std::string& suffix);

/// A PNG's file with an eXIf chunk that says `orientation` (PNG 3rd edition 11.3.4.4), which
/// libvips does not write.
std::string with_png_orientation(const std::string& file, int orientation);

/// A JPEG's file with the size in its frame header (ITU-T T.81 B.2.2) replaced.
std::string with_jpeg_size(std::string file, std::uint16_t width, std::uint16_t height);

}  // namespace thumbmill
