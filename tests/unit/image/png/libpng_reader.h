// What libpng makes of a PNG, as a browser uses it: bytes are pushed into it, and rows count as
// soon as they are there. For tests that compare the kernel with it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace thumbmill {

/// Rows of samples with an alpha channel where the file has one or names a transparent colour.
struct LibpngPicture {
  std::size_t width = 0;  ///< 0: not even a header
  std::size_t height = 0;
  std::size_t channels = 0;
  bool has_alpha = false;
  bool wide = false;               ///< 16 bits a sample, in the machine's order
  std::size_t rows_read = 0;       ///< of all passes, before libpng gave up
  std::vector<bool> row_is_there;  ///< of the picture; later passes may be missing
  std::string samples;             ///< height x width x channels; zeros where there is no row
};

/// CRCs of critical chunks do not matter, a chunk that is not critical and has a wrong one is
/// ignored, an index behind the palette is its last one, and the window that the data declares
/// is not enforced. Of an interlaced picture, earlier passes fill the place of later ones. Pictures
/// of more than `most_pixels` are not read.
LibpngPicture read_by_libpng(const std::string& file, std::size_t most_pixels);

/// The rows, each with its filter's number, that the image data of `file` inflates to, by zlib
/// alone, up to the first fault in it or filter that is not known; of all passes, and whatever
/// stands between the IDAT chunks. Counts them in `rows`. Empty for a header of more than
/// `most_pixels`.
std::string rows_by_zlib(const std::string& file, std::size_t most_pixels, std::size_t& rows);

/// `file` with `rows` (rows_by_zlib()) as its image data, in one chunk that is in order.
std::string with_image_data(const std::string& file, const std::string& rows);

}  // namespace thumbmill
