#include "app/units.h"

#include <array>
#include <charconv>
#include <limits>

namespace thumbmill {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: formatting takes the first that divides the value.
constexpr std::array kBinaryUnits{Unit{"GiB", 1ull << 30}, Unit{"MiB", 1ull << 20},
                                  Unit{"KiB", 1ull << 10}, Unit{"B", 1}};
constexpr std::array kSizeUnits{Unit{"GiB", 1ull << 30},
                                Unit{"MiB", 1ull << 20},
                                Unit{"KiB", 1ull << 10},
                                Unit{"GB", 1'000'000'000},
                                Unit{"MB", 1'000'000},
                                Unit{"KB", 1'000},
                                Unit{"B", 1},
                                Unit{"", 1}};
constexpr std::array kDurationUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                    Unit{"s", 1'000}, Unit{"ms", 1}};

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text,
                                             const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit_name(end, static_cast<std::size_t>(last - end));
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    if (number >
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit.factor) {
      return std::nullopt;
    }
    return number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string format_with_unit(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value);
}

}  // namespace

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
  return parse_with_unit(text, kSizeUnits);
}

std::string format_size_bytes(std::uint64_t size_bytes) {
  return size_bytes == 0 ? "0" : format_with_unit(size_bytes, kBinaryUnits);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  const auto ms = parse_with_unit(text, kDurationUnits);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*ms));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  return ms == 0 ? "0" : format_with_unit(ms, kDurationUnits);
}

}  // namespace thumbmill
