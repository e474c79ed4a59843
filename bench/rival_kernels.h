// What bench/kernel measures beside our kernels, in process: libjpeg-turbo, what one writes with it
// without more thought, and the limits, which make no thumbnail but do what every kernel has to do
// at least. From the whole file in memory to whole JPEGs of quality 80. The rivals of other
// languages are in python_times.py and sharp/times.mjs. Used by kernel_times alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thumbmill::bench {

/// Sides of the square boxes that the renditions have to fit into, in pixels; at least one.
using Sides = std::vector<std::uint32_t>;
/// Files, one for each side. Limits have none.
using Made = std::vector<std::string>;

/// JPEG only. The scaled decode at the smallest scale of at least twice the rendition, lanczos, the
/// encoder; no orientation, profile or placeholder, and nothing shared among the sides. A bad file
/// ends the program: that is libjpeg's default.
Made by_libjpeg_turbo(const std::string& file, const Sides& sides);

/// The file copied once.
Made copy(const std::string& file, const Sides& sides);

/// The coded picture alone, by the quickest way that is known here: a JPEG's codes stepped over by
/// our kernel at 1/8, a PNG inflated by libdeflate, a WebP decoded by libwebp to the largest
/// rendition's size. Throws std::runtime_error for what it cannot read.
Made coded_picture(const std::string& file, const Sides& sides);

/// JPEG only. Every code read by libjpeg-turbo, and as little as can be done with it, which is a
/// decode at 1/8: the limit of those who skip none.
Made every_code(const std::string& file, const Sides& sides);

}  // namespace thumbmill::bench
