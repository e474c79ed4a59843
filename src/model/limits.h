// The limits on what may be uploaded and decoded. Each is a setting; its default is in the option
// table. A breach names the limit by the setting's name.
#pragma once

#include <chrono>
#include <cstdint>

namespace thumbmill {

/// Limits on one image, enforced by whoever decodes it, from the header and before the pixels.
struct ImageLimits {
  std::uint64_t max_pixels = 100'000'000;  ///< width_px x height_px of one frame (--max-pixels)
  std::uint32_t max_side_px = 30'000;      ///< of either side (--max-side)
  std::uint32_t max_pages = 100;           ///< pages of a TIFF (--max-pages)
  std::uint32_t max_scans = 100;           ///< scans of a progressive JPEG (--max-scans)
  /// Of a rendition, width_px x height_px; all of a job's may have twice as many
  /// (--max-rendition-pixels)
  std::uint64_t max_rendition_pixels = 4096 * 4096;
  std::uint64_t max_memory_bytes = 1536ull << 20;  ///< of one decoder process (--decoder-memory)
  std::chrono::milliseconds cpu_time{10'000};      ///< one image's decoding (--decoder-cpu-time)
  std::chrono::milliseconds wall_time{15'000};     ///< the same by the clock (--decoder-wall-time)
};

}  // namespace thumbmill
