// Reads big-endian numbers and the boxes of an ISO base media file (ISO/IEC 14496-12 section 4.2).
// Knows nothing of what is in a box. The bytes are hostile: no read leaves them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace thumbmill::heif {

/// A four-character code as a number, e.g. fourcc("meta").
constexpr std::uint32_t fourcc(const char (&text)[5]) {
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i) code = code << 8 | static_cast<unsigned char>(text[i]);
  return code;
}

/// Reads bytes from the front to the end. A read that needs more bytes than there are gives zeros
/// or empty text, takes nothing, and makes failed() true for good.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  /// Big-endian; `bytes` is 0 to 8. A number of no bytes is 0.
  std::uint64_t number(std::size_t bytes);
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }

  std::string_view take(std::size_t bytes);
  /// Up to a zero byte, which is taken as well, or to the end.
  std::string_view text();

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Box {
  std::uint32_t type = 0;
  std::string_view body;
};

/// Walks over boxes that follow each other.
class BoxReader {
 public:
  /// With `may_be_cut_off` a box that reaches past the end is taken up to it: the last box of a
  /// file that was not written completely. Otherwise it is a fault.
  explicit BoxReader(std::string_view bytes, bool may_be_cut_off = false)
      : reader_(bytes), may_be_cut_off_(may_be_cut_off) {}

  /// Nothing at the end, and from a faulty box on.
  std::optional<Box> next();
  /// Whether next() ended at a faulty box.
  bool failed() const { return failed_; }

 private:
  ByteReader reader_;
  bool may_be_cut_off_;
  bool failed_ = false;
};

/// The body of a full box: version and flags are taken off.
struct FullBox {
  explicit FullBox(std::string_view body) : reader(body) {
    version = reader.u8();
    flags = static_cast<std::uint32_t>(reader.number(3));
  }

  ByteReader reader;
  std::uint8_t version = 0;
  std::uint32_t flags = 0;
};

}  // namespace thumbmill::heif
