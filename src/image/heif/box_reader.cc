#include "image/heif/box_reader.h"

#include <algorithm>

namespace thumbmill::heif {

std::uint64_t ByteReader::number(std::size_t bytes) {
  std::uint64_t value = 0;
  for (const char byte : take(bytes)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string_view ByteReader::take(std::size_t bytes) {
  if (bytes > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

std::string_view ByteReader::text() {
  const std::size_t end = std::min(rest_.find('\0'), rest_.size());
  const std::string_view taken = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return taken;
}

std::optional<Box> BoxReader::next() {
  constexpr std::uint64_t kToTheEnd = 0, kLargeSize = 1;
  constexpr std::size_t kUuidBytes = 16;
  if (failed_ || reader_.at_end()) return std::nullopt;
  const std::size_t before = reader_.rest().size();
  std::uint64_t size = reader_.u32();
  Box box;
  box.type = reader_.u32();
  const bool to_the_end = size == kToTheEnd;
  if (size == kLargeSize) size = reader_.number(8);
  if (box.type == fourcc("uuid")) reader_.take(kUuidBytes);
  const std::size_t header = before - reader_.rest().size();
  if (to_the_end || (may_be_cut_off_ && size > before)) size = before;
  failed_ = reader_.failed() || size < header || size > before;
  if (failed_) return std::nullopt;
  box.body = reader_.take(static_cast<std::size_t>(size) - header);
  return box;
}

}  // namespace thumbmill::heif
