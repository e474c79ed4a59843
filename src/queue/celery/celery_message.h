// A message as Celery 5 producers put it on a Redis list: protocol version 2 in kombu's envelope.
// Pure: reads texts, knows no server. docs/formats/queue-celery.md; Celery's documentation,
// "Message Protocol".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/status.h"

namespace thumbmill {

/// What we need of a task message. Value.
struct CeleryMessage {
  std::string id;    ///< of the task
  std::string name;  ///< of the task, as "tasks.make_thumbnail"
  boost::json::array args;
  boost::json::object kwargs;
  std::optional<WallTime> eta;      ///< not before
  std::optional<WallTime> expires;  ///< not after
  bool ignore_result = false;
};

/// Reads the text of a list entry. unsupported, which says why: a message that we cannot do
/// justice to (another serializer, compression, a protocol version, a chain, chord or callback).
/// corrupt_input: no task message at all.
Result<CeleryMessage> parse_celery_message(std::string_view text);

/// A template ("originals/{0}") filled with the task's arguments: {0}, {1} ... positional, other
/// names by keyword; {rendition} and {ext} stay, {task_id} is the task's. invalid_argument when an
/// argument is not there, or the result could be no object's key.
Result<std::string> fill_template(std::string_view text, const CeleryMessage& message);

/// A time as Python's isoformat() writes it: "2026-11-24T02:31:00.123456+00:00", UTC when no offset
/// is given.
std::optional<WallTime> parse_iso_time(const std::string& text);

}  // namespace thumbmill
