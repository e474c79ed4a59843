// The one thing that a thumbnail needs of EXIF: which way up the picture is. Used for every format
// that holds EXIF, so that they all agree. What counts is what Chromium shows: other readers also
// take an orientation of another type, or from a directory that is cut off.
#pragma once

#include <string_view>

namespace thumbmill {

/// The orientation (EXIF 2.3, tag 274) in a TIFF structure, 1 to 8; 1 when there is none. It is the
/// first that makes sense: one SHORT from 1 to 8, in the first directory or the EXIF directory that
/// this names (tag 34665). A directory that does not fit into `tiff`, with the offset of the next
/// one behind it, has none. Every read is bounded.
int exif_orientation(std::string_view tiff);

}  // namespace thumbmill
