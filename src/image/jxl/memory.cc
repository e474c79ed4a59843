#include "image/jxl/memory.h"

#include <algorithm>

namespace thumbmill::jxl {

bool is_vardct(std::string_view frames) {
  if (frames.empty()) return false;
  const auto bits = static_cast<unsigned char>(frames.front());
  const bool all_default = (bits & 1) != 0;
  constexpr unsigned kTypeAndEncoding = 0xe;  // 0: a regular frame, VarDCT
  return all_default || (bits & kTypeAndEncoding) == 0;
}

std::uint64_t decoding_memory(const JxlBasicInfo& info, const Frames& frames, bool vardct) {
  // Measured with libjxl 0.7. VarDCT of three channels goes through in groups: 3 to 5 bytes a
  // pixel, and 6 more where groups come in an unusual order. Other pictures may be whole in memory,
  // as integers and as floats: up to 9.7 bytes a sample.
  constexpr std::uint64_t kBase = 16 << 20;
  constexpr std::uint64_t kBytesPerPixel = 10;
  constexpr std::uint64_t kBytesPerSample = 10;
  const std::uint64_t pixels = std::max(std::uint64_t{info.xsize} * info.ysize, frames.most_pixels);
  const std::uint64_t channels = info.num_color_channels + info.num_extra_channels;
  // Layers: the picture so far, and the one that is put on it.
  const std::uint64_t pictures = frames.count > 1 ? 2 : 1;
  const bool in_groups =
      vardct && info.num_extra_channels == 0 && info.have_animation == JXL_FALSE && pictures == 1;
  // libjxl makes three channels of grey.
  return kBase +
         pictures * pixels *
             (in_groups ? kBytesPerPixel : std::max<std::uint64_t>(channels, 3) * kBytesPerSample);
}

}  // namespace thumbmill::jxl
