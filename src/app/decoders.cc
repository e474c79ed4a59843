#include "app/decoders.h"

#include <algorithm>
#include <thread>

namespace thumbmill {

Result<std::unique_ptr<DecoderPool>> start_decoders(const Settings& settings, Metrics& metrics,
                                                    Logger& log, Clock& clock) {
  // By this link it stays the same program even when its file is replaced while it runs.
  return DecoderPool::start(
      {{"/proc/self/exe", "decoder"}, worker_count(settings), settings.decoder_images}, metrics,
      log, clock);
}

std::size_t worker_count(const Settings& settings) {
  return settings.workers > 0 ? settings.workers
                              : std::max(1u, std::thread::hardware_concurrency());
}

ImageLimits image_limits(const Settings& settings) {
  ImageLimits limits;
  limits.max_pixels = settings.max_pixels;
  limits.max_side_px = static_cast<std::uint32_t>(settings.max_side_px);
  limits.max_pages = static_cast<std::uint32_t>(settings.max_pages);
  limits.max_scans = static_cast<std::uint32_t>(settings.max_scans);
  limits.max_memory_bytes = settings.decoder_memory_bytes;
  limits.cpu_time = settings.decoder_cpu_time;
  limits.wall_time = settings.decoder_wall_time;
  return limits;
}

}  // namespace thumbmill
