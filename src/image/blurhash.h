// BlurHash (https://blurha.sh, algorithm description at github.com/woltapp/blurhash): a picture's
// coarsest shapes and colours in some thirty characters, to be shown while the picture loads.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace thumbmill {

/// The hash of `pixels` (height_px x width_px x 3, interleaved, 8-bit sRGB) with 4 x 3 components:
/// 28 characters. Costs width x height x 12 multiplications: give it a small picture.
std::string blurhash(std::span<const std::uint8_t> pixels, std::size_t width_px,
                     std::size_t height_px);

}  // namespace thumbmill
