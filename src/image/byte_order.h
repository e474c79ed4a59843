// Numbers in the bytes of image files, in either byte order. Bytes that are not there read as 0, so
// that a reader of headers need not look before each field: it checks that the header is whole
// once, or takes 0 as the field's absence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thumbmill {

enum class ByteOrder { little_endian, big_endian };

/// The unsigned number in `size` bytes (at most 4) from `at` on; 0 when they are not all there.
inline std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size,
                               ByteOrder order) {
  if (at > bytes.size() || size > bytes.size() - at) return 0;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t from = order == ByteOrder::little_endian ? at + size - 1 - i : at + i;
    value = value << 8 | static_cast<std::uint8_t>(bytes[from]);
  }
  return value;
}

inline std::uint32_t little_endian_at(std::string_view bytes, std::size_t at, std::size_t size) {
  return number_at(bytes, at, size, ByteOrder::little_endian);
}

inline std::uint32_t big_endian_at(std::string_view bytes, std::size_t at, std::size_t size) {
  return number_at(bytes, at, size, ByteOrder::big_endian);
}

/// `bytes` from `at` on, at most `size` of them; empty past the end.
inline std::string_view bytes_at(std::string_view bytes, std::size_t at,
                                 std::size_t size = std::string_view::npos) {
  return at < bytes.size() ? bytes.substr(at, size) : std::string_view();
}

}  // namespace thumbmill
