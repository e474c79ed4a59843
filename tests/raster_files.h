// Files in small formats that libvips does not write, for tests: 24 bits a pixel, not compressed.
#pragma once

#include <string>

#include "model/rendition.h"

namespace thumbmill {

/// `pixels` are red, green and blue, interleaved, from the top row on: size.width x size.height x 3
/// bytes. An icon's sides are at most 255.
std::string bmp_file(SizePx size, const std::string& pixels);
std::string ico_file(SizePx size, const std::string& pixels);
std::string tga_file(SizePx size, const std::string& pixels);
std::string psd_file(SizePx size, const std::string& pixels);

}  // namespace thumbmill
