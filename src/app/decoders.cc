#include "app/decoders.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "app/available_memory.h"

namespace thumbmill {

Result<DecoderPrograms> find_decoder_programs() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return status_from_errno(error.value(), "finding this program's directory");
  return DecoderPrograms{program.parent_path() / "thumbmill-decoder",
                         program.parent_path() / "thumbmill-codecs"};
}

Result<std::unique_ptr<DecoderPool>> start_decoders(const Settings& settings,
                                                    MemoryShortage shortage, Metrics& metrics,
                                                    Logger& log, Clock& clock) {
  ASSIGN_OR_RETURN(DecoderPrograms programs, find_decoder_programs());
  DecoderPoolOptions options;
  options.command = {std::move(programs.shared)};
  options.single_command = {std::move(programs.single)};
  options.processes = worker_count(settings);
  options.images_per_process = settings.decoder_images;
  options.confined = settings.sandbox == Sandbox::on;
  options.limits = image_limits(settings);
  options.memory_budget_bytes = decoder_memory_budget(settings);
  if (shortage == MemoryShortage::give_way) options.most_waiting_for_memory = 1;
  return DecoderPool::start(options, metrics, log, clock);
}

std::uint64_t decoder_memory_budget(const Settings& settings) {
  return settings.decoder_memory_budget_bytes > 0 ? settings.decoder_memory_budget_bytes
                                                  : available_memory_bytes() / 2;
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
  limits.max_rendition_pixels = settings.max_rendition_pixels;
  limits.max_memory_bytes = settings.decoder_memory_bytes;
  limits.cpu_time = settings.decoder_cpu_time;
  limits.wall_time = settings.decoder_wall_time;
  return limits;
}

}  // namespace thumbmill
