#include "base/ids.h"

#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

#include "base/secret.h"

namespace thumbmill {
namespace {

constexpr std::size_t kUuidLength = 36;

std::string format_uuid7(std::uint64_t unix_ms, std::uint64_t rand_a, std::uint64_t rand_b) {
  return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", (unix_ms >> 16) & 0xffffffff,
                     unix_ms & 0xffff, rand_a & 0xfff, 0x8000 | ((rand_b >> 48) & 0x3fff),
                     rand_b & 0xffffffffffff);
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::uint64_t hex_value(char c) {
  return static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

}  // namespace

JobId new_uuid7(const Clock& clock) {
  std::array<unsigned char, 2 * sizeof(std::uint64_t)> secret{};
  fill_with_secret(secret);
  const auto [rand_a, rand_b] = std::bit_cast<std::array<std::uint64_t, 2>>(secret);
  return JobId(
      format_uuid7(static_cast<std::uint64_t>(to_unix_ms(clock.wall_now())), rand_a, rand_b));
}

std::optional<JobId> JobId::parse(std::string_view text) {
  if (!is_uuid7(text)) return std::nullopt;
  return JobId(std::string(text));
}

bool is_uuid7(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  const bool variant_rfc9562 =
      text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b';
  return text[14] == '7' && variant_rfc9562;
}

WallTime uuid7_time(const JobId& id) {
  std::uint64_t unix_ms = 0;
  for (const char c : std::string_view(id.text()).substr(0, 13)) {
    if (c != '-') unix_ms = unix_ms << 4 | hex_value(c);
  }
  return from_unix_ms(static_cast<std::int64_t>(unix_ms));
}

std::string uuid7_lower_bound(WallTime time) {
  return format_uuid7(static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_unix_ms(time))), 0,
                      0);
}

}  // namespace thumbmill
