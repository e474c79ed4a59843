#include "image/jxl/memory.h"

#include <limits>
#include <new>

namespace thumbmill::jxl {

std::uint64_t decoding_memory(const JxlBasicInfo& info) {
  // Measured with libjxl 0.7: see docs/formats.md.
  constexpr std::uint64_t kBase = 16 << 20;
  constexpr std::uint64_t kBytesPerSample = 12;
  const std::uint64_t pixels = std::uint64_t{info.xsize} * info.ysize;
  const std::uint64_t channels = info.num_color_channels + info.num_extra_channels;
  return kBase + pixels * channels * kBytesPerSample;
}

bool has_room(std::uint64_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) return false;
  void* const room = ::operator new(static_cast<std::size_t>(bytes), std::nothrow);
  ::operator delete(room);
  return room != nullptr;
}

}  // namespace thumbmill::jxl
