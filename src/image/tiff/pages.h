// Counts a TIFF's pages without reading them: the chain of directories, TIFF 6.0 section 2, in
// classic and in BigTIFF files. libtiff's own count takes time by the square of the number of
// pages.
#pragma once

#include <cstdint>
#include <string_view>

namespace thumbmill::tiff {

/// The directories from the first one on, up to `most`. A chain that leads back into itself or out
/// of the file ends there. 0 for what is no TIFF.
std::uint32_t count_pages(std::string_view file, std::uint32_t most);

}  // namespace thumbmill::tiff
