#include "notify/redis/event_line.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace thumbmill {
namespace {

// A line of another version is passed over.
constexpr std::string_view kVersion = "1";

}  // namespace

std::string to_event_line(std::string_view origin, const JobEvent& event) {
  return fmt::format("{} {} {} {} {} {}", kVersion, origin, event.id, job_state_name(event.state),
                     to_unix_ms(event.at), event.code);
}

std::optional<EventLine> from_event_line(std::string_view line) {
  std::array<std::string_view, 6> words;  // version, origin, id, state, time, code
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    words[i] = line.substr(0, end);
    line.remove_prefix(end + 1);
  }
  words[5] = line;
  const auto state = job_state_from_name(words[3]);
  std::int64_t at_ms = 0;
  const char* time_end = words[4].data() + words[4].size();
  const auto [end, error] = std::from_chars(words[4].data(), time_end, at_ms);
  const bool is_good =
      words[0] == kVersion && !words[2].empty() && state && error == std::errc() && end == time_end;
  if (!is_good) return std::nullopt;
  EventLine result;
  result.origin = words[1];
  result.event.id = words[2];
  result.event.state = *state;
  result.event.at = from_unix_ms(at_ms);
  result.event.code = words[5];
  return result;
}

}  // namespace thumbmill
