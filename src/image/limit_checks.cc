#include "image/limit_checks.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "image/byte_order.h"

namespace thumbmill {

Status check_size(std::uint64_t width_px, std::uint64_t height_px, const ImageLimits& limits) {
  if (width_px > limits.max_side_px || height_px > limits.max_side_px) {
    return Status(Code::too_large, fmt::format("the image is {} x {} pixels; max-side is {}",
                                               width_px, height_px, limits.max_side_px));
  }
  if (width_px * height_px > limits.max_pixels) {
    return Status(Code::too_large,
                  fmt::format("the image has {} pixels ({} x {}); max-pixels is {}",
                              width_px * height_px, width_px, height_px, limits.max_pixels));
  }
  return Status();
}

bool has_room(std::uint64_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) return false;
  void* const room = ::operator new(static_cast<std::size_t>(bytes), std::nothrow);
  ::operator delete(room);
  return room != nullptr;
}

Status no_memory(std::string detail) {
  return Status(Code::too_large,
                "the image takes more memory to decode than its header announces or decoder-memory "
                "allows",
                std::move(detail));
}

Status check_scans(std::uint32_t scans, const ImageLimits& limits) {
  if (scans <= limits.max_scans) return Status();
  return Status(Code::too_large, fmt::format("the image has over {} scans; max-scans is {}",
                                             limits.max_scans, limits.max_scans));
}

SizePx jpeg_frame_size(std::string_view bytes) {
  constexpr std::size_t kLengthAt = 2, kHeightAt = 5, kWidthAt = 7;
  for (std::size_t at = 2; (at = bytes.find('\xff', at)) != std::string_view::npos;) {
    const std::string_view rest = bytes.substr(at);
    const std::uint32_t marker = big_endian_at(rest, 1, 1);
    const bool stands_alone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    const bool is_table = marker == 0xc4 || marker == 0xc8 || marker == 0xcc;
    if (marker == 0xd9 || marker == 0xda) break;
    if (marker >= 0xc0 && marker <= 0xcf && !is_table) {
      return {big_endian_at(rest, kWidthAt, 2), big_endian_at(rest, kHeightAt, 2)};
    }
    if (marker == 0xff) {  // a fill byte
      ++at;
    } else {
      at += stands_alone ? 2 : 2 + std::size_t{big_endian_at(rest, kLengthAt, 2)};
    }
  }
  return {};
}

std::uint32_t count_jpeg_scans(std::string_view bytes, std::uint32_t most) {
  std::uint32_t scans = 0;
  for (std::size_t at = 2; at + 4 <= bytes.size() && scans <= most;) {
    const void* found = std::memchr(bytes.data() + at, 0xff, bytes.size() - at - 1);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    const bool stands_alone =
        marker == 0x00 || marker == 0x01 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd8);
    if (marker == 0xd9) break;
    if (stands_alone || at + 4 > bytes.size()) {
      at += marker == 0xff ? 1 : 2;
      continue;
    }
    if (marker == 0xda) ++scans;
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 2]))
                                   << 8 |
                               static_cast<unsigned char>(bytes[at + 3]);
    at += 2 + std::max<std::size_t>(length, 2);
  }
  return scans;
}

}  // namespace thumbmill
