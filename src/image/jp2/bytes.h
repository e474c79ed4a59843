// Big-endian numbers out of a view that bounds every read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thumbmill::jp2 {

/// Takes numbers off the front. What lies past the end reads as 0, and failed() says so.
class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}

  /// `count` is 1 to 8.
  std::uint64_t number(std::size_t count) {
    const std::string_view taken = view(count);
    std::uint64_t value = 0;
    for (const char c : taken) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }

  std::string_view view(std::size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace thumbmill::jp2
