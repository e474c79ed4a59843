// A job event as the line of text that processes publish to each other;
// docs/formats/queue-redis.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "notify/notifier.h"

namespace thumbmill {

/// `origin` tells the sending process from others: one word. The event's id is a JobId.
std::string to_event_line(std::string_view origin, const JobEvent& event);

struct EventLine {
  std::string origin;
  JobEvent event;  ///< without a sequence, which is each process's own
};

/// Nothing when the line is not one of ours.
std::optional<EventLine> from_event_line(std::string_view line);

/// What ForeignRecords are told of such a line.
inline constexpr std::string_view kNoEventLine = "no event of this version";

}  // namespace thumbmill
