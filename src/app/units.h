// Sizes and durations as people write them in settings: "50MiB", "1500ms", "14d".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thumbmill {

/// Bytes: a whole number and one of B, KiB, MiB, GiB, KB, MB, GB; without a unit, bytes.
std::optional<std::uint64_t> parse_size_bytes(std::string_view text);

/// The shortest exact form with a binary unit.
std::string format_size_bytes(std::uint64_t size_bytes);

/// A whole number and one of ms, s, m, h, d. Zero needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest exact form.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace thumbmill
