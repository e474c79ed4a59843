// A message as Celery 5 producers put it on a Redis list: protocol version 2 in kombu's envelope.
// Pure: reads texts, knows no server. docs/formats/queue-celery.md; Celery's documentation,
// "Message Protocol".
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/status.h"

namespace thumbmill {

/// Messages that are larger are not read.
inline constexpr std::size_t kMostCeleryMessageBytes = 1 << 20;

/// What we need of a task message. Value.
struct CeleryMessage {
  std::string id;    ///< of the task
  std::string name;  ///< of the task, as "tasks.make_thumbnail"; empty when it does not say
  boost::json::array args;
  boost::json::object kwargs;
  std::optional<WallTime> eta;      ///< not before
  std::optional<WallTime> expires;  ///< not after
  bool ignore_result = false;
  /// For doing the task: the shorter of its time_limit and its soft_time_limit.
  std::optional<std::chrono::milliseconds> time_limit;

  /// Why we cannot do justice to it, or ok: unsupported (another serializer or compression, a
  /// protocol version, a chain, chord or callback) or corrupt_input. If not ok, all that is known
  /// is id, ignore_result, perhaps name, and followers.
  Status refusal;
  /// Ids of the tasks that were to come after it, which somebody may wait for: the rest of a chain,
  /// the body of a chord. Only of one that is refused for them.
  std::vector<std::string> followers;
};

/// Reads the text of a list entry. corrupt_input: no task message at all, or over 1 MiB, so that
/// nobody is known who waits for it.
Result<CeleryMessage> parse_celery_message(std::string_view text);

/// A template ("originals/{0}") filled with the task's arguments: {0}, {1} ... by their place,
/// other names by keyword; {rendition} and {ext} stay, {task_id} is the task's. `parameters` are
/// the names of the task's parameters in their order, as far as they are known: with them an
/// argument is found however the call passes it. Without them, a call's only keyword argument is
/// {0} when it has no other. An argument is a text, a whole number, or a UUID, date, decimal or
/// bytes as kombu's JSON has them. invalid_argument when an argument is not there, or the result
/// could be no object's key.
Result<std::string> fill_template(std::string_view text, const CeleryMessage& message,
                                  const std::vector<std::string>& parameters = {});

/// A time as Python's isoformat() writes it: "2026-11-24T02:31:00.123456+00:00", UTC when no offset
/// is given.
std::optional<WallTime> parse_iso_time(const std::string& text);

}  // namespace thumbmill
