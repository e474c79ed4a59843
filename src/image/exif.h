// The one thing that a thumbnail needs of EXIF: which way up the picture is.
#pragma once

#include <string_view>

namespace thumbmill {

/// The orientation (EXIF 2.3, tag 274 of the first directory), 1 to 8, in a TIFF structure; 1 when
/// it is not there or makes no sense. Every read is bounded.
int exif_orientation(std::string_view tiff);

}  // namespace thumbmill
