#include "measured_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peak_memory.h"

namespace thumbmill {
namespace {

MeasuredRun run(Thumbnailer& kernels, ThumbnailRequest& request) {
  MeasuredRun result{.survived = true};
  request.admit = [&](std::uint64_t bytes) {
    result.asked_bytes = std::max(result.asked_bytes, bytes);
    return Status();
  };
  const std::uint64_t before = peak_memory_bytes();
  result.code = kernels.make(request, {}).status().code();
  result.taken_bytes = peak_memory_bytes() - before;
  return result;
}

}  // namespace

MeasuredRun measure(Thumbnailer& kernels, ThumbnailRequest request) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    MeasuredRun result = run(kernels, request);
    ::_exit(::write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
  }
  ::close(ends[1]);
  MeasuredRun result;
  const bool told = ::read(ends[0], &result, sizeof result) == sizeof result;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return told ? result : MeasuredRun();
}

ThumbnailRequest request_for(ImageFormat format, const std::string& file,
                             const ImageLimits& limits) {
  ThumbnailRequest request;
  request.format = format;
  request.source = Blob(file);
  request.renditions = {{.width_px = 64, .height_px = 64}};
  request.limits = limits;
  return request;
}

MeasuredRun measure(Thumbnailer& kernels, ImageFormat format, const std::string& file,
                    const ImageLimits& limits) {
  return measure(kernels, request_for(format, file, limits));
}

}  // namespace thumbmill
