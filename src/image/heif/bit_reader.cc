#include "image/heif/bit_reader.h"

#include <algorithm>

namespace thumbmill::heif {

std::string_view BitReader::rest() const {
  return bytes_.substr(std::min(bytes_.size(), (at_ + 7) / 8));
}

std::uint32_t BitReader::bits(unsigned count) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < count; ++i) value = value << 1 | bit();
  return value;
}

std::uint32_t BitReader::exp_golomb() {
  unsigned zeros = 0;
  while (bit() == 0) {
    if (++zeros > 31 || failed()) {
      skip(bytes_.size() * 8 + 1);
      return 0;
    }
  }
  return (1u << zeros) - 1 + bits(zeros);
}

std::uint32_t BitReader::bit() {
  const std::size_t byte = at_ / 8;
  const unsigned shift = 7 - at_ % 8;
  ++at_;
  return byte < bytes_.size() ? static_cast<unsigned char>(bytes_[byte]) >> shift & 1u : 0u;
}

}  // namespace thumbmill::heif
