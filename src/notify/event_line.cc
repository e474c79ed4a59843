#include "notify/event_line.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/status.h"

namespace thumbmill {
namespace {

// A line of another version is ignored.
constexpr std::string_view kVersion = "1";
// Twice as much as the longest line of ours has.
constexpr std::size_t kMostBytes = 256;

// Takes `text`, all of which must be a number of at least `least`, as one.
template <typename T>
bool read_number(std::string_view text, T least, T& number) {
  const char* text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, number);
  return error == std::errc() && end == text_end && number >= least;
}

}  // namespace

std::string to_event_line(std::string_view origin, const JobEvent& event) {
  return fmt::format("{} {} {} {} {} {} {} {}", kVersion, origin, event.id,
                     job_state_name(event.state), to_unix_ms(event.at), event.attempt,
                     event.worker_time.count(), event.code);
}

std::optional<EventLine> from_event_line(std::string_view line) {
  if (line.size() > kMostBytes) return std::nullopt;
  // version, origin, id, state, time, attempt, worker time, code
  std::array<std::string_view, 8> words;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    words[i] = line.substr(0, end);
    line.remove_prefix(end + 1);
  }
  words.back() = line;
  const auto state = job_state_from_name(words[3]);
  std::int64_t at_ms = 0;
  std::int64_t worker_us = 0;
  EventLine result;
  const bool is_good = words[0] == kVersion && is_uuid7(words[2]) && state &&
                       read_number(words[4], INT64_MIN, at_ms) &&
                       read_number(words[5], 0, result.event.attempt) &&
                       read_number(words[6], std::int64_t{0}, worker_us) &&
                       (words[7].empty() || code_from_name(words[7]));
  if (!is_good) return std::nullopt;
  result.origin = words[1];
  result.event.id = words[2];
  result.event.state = *state;
  result.event.at = from_unix_ms(at_ms);
  result.event.worker_time = std::chrono::microseconds(worker_us);
  result.event.code = words.back();
  return result;
}

}  // namespace thumbmill
