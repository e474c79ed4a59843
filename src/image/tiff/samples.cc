#include "image/tiff/samples.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/status.h"

namespace thumbmill::tiff {
namespace {

// The number of a value of `mantissa_bits` below `exponent_bits` below a sign, as a float, which
// has more of each.
float widened(std::uint32_t bits, int exponent_bits, int mantissa_bits) {
  const std::uint32_t sign = bits >> (exponent_bits + mantissa_bits) << 31;
  const std::uint32_t most = (1u << exponent_bits) - 1;
  const std::uint32_t exponent = bits >> mantissa_bits & most;
  const std::uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const int bias = static_cast<int>(most / 2);
  if (exponent == 0) {
    const float small = std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits);
    return sign != 0 ? -small : small;
  }
  const std::uint32_t wide =
      exponent == most ? 255 : exponent + 127 - static_cast<std::uint32_t>(bias);
  return std::bit_cast<float>(sign | wide << 23 | mantissa << (23 - mantissa_bits));
}

template <typename T>
T load(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// A sample of a whole number of bytes, in the machine's order.
template <std::size_t kBytes>
std::uint64_t whole_at(const std::uint8_t* row, std::size_t index) {
  const std::uint8_t* const from = row + index * kBytes;
  if constexpr (kBytes == 1) return *from;
  if constexpr (kBytes == 2) return load<std::uint16_t>(from);
  if constexpr (kBytes == 3) return load<std::uint16_t>(from) | std::uint32_t{from[2]} << 16;
  if constexpr (kBytes == 4) return load<std::uint32_t>(from);
  if constexpr (kBytes == 8) return load<std::uint64_t>(from);
}

// A sample of any width, packed from the highest bit of each byte on (TIFF 6.0 section 8).
std::uint64_t packed_at(const std::uint8_t* row, std::size_t index, std::size_t bits) {
  std::size_t bit = index * bits;
  std::uint64_t value = 0;
  for (std::size_t left = bits; left > 0;) {
    const std::size_t in_byte = 8 - bit % 8;
    const std::size_t count = std::min(left, in_byte);
    const unsigned part = row[bit / 8] >> (in_byte - count) & ((1u << count) - 1);
    value = value << count | part;
    bit += count;
    left -= count;
  }
  return value;
}

template <typename Out>
Out from_unit(double value) {
  constexpr double kMost = std::numeric_limits<Out>::max();
  if (!(value > 0)) return 0;
  return static_cast<Out>(std::min(value, 1.0) * kMost + 0.5);
}

template <std::size_t kBytes>
double real_at(const std::uint8_t* row, std::size_t index) {
  const std::uint64_t bits = whole_at<kBytes>(row, index);
  if constexpr (kBytes == 2) return real16(static_cast<std::uint16_t>(bits));
  if constexpr (kBytes == 3) return real24(static_cast<std::uint32_t>(bits));
  if constexpr (kBytes == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  if constexpr (kBytes == 8) return std::bit_cast<double>(bits);
}

// All numbers of `bits` bits, each scaled to `most`.
std::vector<std::uint16_t> scaled_numbers(int bits, unsigned most, std::uint64_t sign) {
  std::vector<std::uint16_t> scaled(std::size_t{1} << bits);
  const auto largest = static_cast<unsigned>(scaled.size() - 1);
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    const auto number = static_cast<unsigned>(i ^ sign);
    scaled[i] = static_cast<std::uint16_t>((number * most + largest / 2) / largest);
  }
  return scaled;
}

// The eight pixels of a byte, 0 or 255 each.
constexpr auto kBitsAsBytes = [] {
  std::array<std::array<std::uint8_t, 8>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) table[byte][bit] = byte >> (7 - bit) & 1 ? 255 : 0;
  }
  return table;
}();

constexpr int kMostTableBits = 12;

}  // namespace

float real16(std::uint16_t bits) { return widened(bits, 5, 10); }
float real24(std::uint32_t bits) { return widened(bits, 7, 16); }

struct SampleReader::Readers {
  template <typename Out, typename Value>
  static void loop(const Span& span, Value value) {
    Out* out = static_cast<Out*>(span.out);
    std::size_t index = span.first;
    for (std::size_t i = 0; i < span.count; ++i, index += span.step, out += span.out_step) {
      *out = static_cast<Out>(value(index));
    }
  }

  // Numbers that need no scaling.
  template <std::size_t kBytes, typename Out>
  static void same(const SampleReader& self, const std::uint8_t* row, const Span& span) {
    const std::uint64_t sign = self.sign_;
    loop<Out>(span, [=](std::size_t i) { return whole_at<kBytes>(row, i) ^ sign; });
  }

  // The highest bits of larger numbers.
  template <std::size_t kBytes>
  static void highest(const SampleReader& self, const std::uint8_t* row, const Span& span) {
    const std::uint64_t sign = self.sign_;
    loop<std::uint16_t>(span, [=](std::size_t i) {
      return (whole_at<kBytes>(row, i) ^ sign) >> (kBytes * 8 - 16);
    });
  }

  // The same for other widths from 13 bits on.
  static void highest_packed(const SampleReader& self, const std::uint8_t* row, const Span& span) {
    const auto bits = static_cast<std::size_t>(self.bits_);
    const std::uint64_t sign = self.sign_;
    if (bits >= 16) {
      loop<std::uint16_t>(
          span, [=](std::size_t i) { return (packed_at(row, i, bits) ^ sign) >> (bits - 16); });
      return;
    }
    // The number's highest bits once more below its lowest: the largest becomes 65535.
    loop<std::uint16_t>(span, [=](std::size_t i) {
      const std::uint64_t number = packed_at(row, i, bits) ^ sign;
      return number << (16 - bits) | number >> (2 * bits - 16);
    });
  }

  template <typename Out>
  static void by_table(const SampleReader& self, const std::uint8_t* row, const Span& span) {
    const std::uint16_t* const scaled = self.scaled_.data();
    const auto bits = static_cast<std::size_t>(self.bits_);
    loop<Out>(span, [=](std::size_t i) { return scaled[packed_at(row, i, bits)]; });
  }

  static void bits_as_bytes(const SampleReader& self, const std::uint8_t* row, const Span& span) {
    if (span.step != 1 || span.out_step != 1 || span.first != 0) {
      return by_table<std::uint8_t>(self, row, span);
    }
    auto* out = static_cast<std::uint8_t*>(span.out);
    const std::size_t whole = span.count / 8;
    for (std::size_t i = 0; i < whole; ++i, out += 8) {
      std::memcpy(out, kBitsAsBytes[row[i]].data(), 8);
    }
    if (span.count % 8 != 0) std::memcpy(out, kBitsAsBytes[row[whole]].data(), span.count % 8);
  }

  template <typename Out>
  static void numbers(const SampleReader& self, const std::uint8_t* row, const Span& span) {
    const auto bits = static_cast<std::size_t>(self.bits_);
    if (bits == 8) {
      loop<Out>(span, [=](std::size_t i) { return row[i]; });
    } else if (bits == 16) {
      loop<Out>(span, [=](std::size_t i) { return whole_at<2>(row, i); });
    } else {
      loop<Out>(span, [=](std::size_t i) { return packed_at(row, i, bits); });
    }
  }

  template <std::size_t kBytes>
  static void unit(const SampleReader&, const std::uint8_t* row, const Span& span) {
    loop<std::uint16_t>(
        span, [=](std::size_t i) { return from_unit<std::uint16_t>(real_at<kBytes>(row, i)); });
  }

  template <std::size_t kBytes>
  static void real(const SampleReader&, const std::uint8_t* row, const Span& span) {
    loop<float>(span, [=](std::size_t i) { return real_at<kBytes>(row, i); });
  }

  template <std::size_t kBytes>
  static Read reals(Scale scale) {
    return scale == Scale::bits ? real<kBytes> : unit<kBytes>;
  }

  static Read of_reals(int bits, Scale scale) {
    switch (bits) {
      case 16:
        return reals<2>(scale);
      case 24:
        return reals<3>(scale);
      case 32:
        return reals<4>(scale);
      default:
        THUMBMILL_CHECK(bits == 64);
        return reals<8>(scale);
    }
  }

  static Read of_words(int bits) {
    switch (bits) {
      case 16:
        return same<2, std::uint16_t>;
      case 24:
        return highest<3>;
      case 32:
        return highest<4>;
      case 64:
        return highest<8>;
      default:
        return bits <= kMostTableBits ? by_table<std::uint16_t> : highest_packed;
    }
  }
};

SampleReader::SampleReader(int bits, SampleFormat format, Scale scale) : bits_(bits) {
  if (format == SampleFormat::real) {
    THUMBMILL_CHECK(scale == Scale::words || scale == Scale::bits);
    read_ = Readers::of_reals(bits, scale);
    return;
  }
  if (format == SampleFormat::with_sign) sign_ = std::uint64_t{1} << (bits - 1);
  switch (scale) {
    case Scale::bytes:
      THUMBMILL_CHECK(bits <= 8);
      if (bits < 8) scaled_ = scaled_numbers(bits, 255, sign_);
      read_ = bits == 8                 ? Readers::same<1, std::uint8_t>
              : bits == 1 && sign_ == 0 ? Readers::bits_as_bytes
                                        : Readers::by_table<std::uint8_t>;
      break;
    case Scale::words:
      if (bits <= kMostTableBits) scaled_ = scaled_numbers(bits, 65535, sign_);
      read_ = Readers::of_words(bits);
      break;
    case Scale::numbers:
      THUMBMILL_CHECK(bits <= 16);
      read_ = Readers::numbers<std::uint16_t>;
      break;
    case Scale::bits:
      THUMBMILL_CHECK(bits <= 16);
      read_ = Readers::numbers<float>;
      break;
  }
}

}  // namespace thumbmill::tiff
