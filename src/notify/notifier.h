// Notifier: tells whoever listens that a job has changed state. Best effort: a listener that must
// not miss the end of a job reads the ObjectStore as well (service/job_status does). Adapters:
// notify/local within one process, notify/redis and notify/kafka across all that share a server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace thumbmill {

/// The states a job goes through; done and failed are terminal.
enum class JobState { queued, running, done, failed, deleted };

std::string_view job_state_name(JobState state);

/// The inverse of job_state_name.
std::optional<JobState> job_state_from_name(std::string_view name);

struct JobEvent {
  std::uint64_t sequence = 0;  ///< rises by one an event within one process's life; set by publish
  std::string id;
  JobState state = JobState::queued;
  WallTime at{};
  std::string code = {};  ///< of a failure, else empty
  int attempt = 0;        ///< tries so far; 0: a job that has just come in
  /// Of a try that is over, whether it ended the job or the job was put off: for how long it kept
  /// its worker process from other jobs, which is less than it took, for several are worked on at
  /// once. 0 when nothing was decoded.
  std::chrono::microseconds worker_time{0};
};

/// Ends its subscription when it goes; blocks until a running call of its listener has returned.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

/// Some of the events that a Notifier remembers.
struct EventPage {
  std::vector<JobEvent> events;  ///< oldest first
  std::uint64_t last = 0;        ///< of the last event looked at: where the next page begins
  bool gap = false;              ///< there were events before these that are forgotten
};

/// Thread-safe.
class Notifier {
 public:
  /// Called in order of sequence, on the publisher's thread: quick, and calling nothing of the
  /// Notifier but events_after().
  using Listener = std::function<void(const JobEvent&)>;

  virtual ~Notifier() = default;

  virtual void publish(JobEvent event) = 0;

  /// Calls `listener` for every event from now on, of job `id` or, when that is empty, of all.
  virtual std::unique_ptr<Subscription> subscribe(const std::string& id, Listener listener) = 0;

  /// The sequence of the latest event; 0 before the first.
  virtual std::uint64_t last_sequence() const = 0;

  /// The first `most` remembered events, of job `id` or of all, with a sequence above `after`: who
  /// reads on from page to page needs no copy of what is still to come. Never blocks. A sequence
  /// that has not been reached (of a process before this one) is the latest.
  virtual EventPage events_after(std::uint64_t after, const std::string& id,
                                 std::size_t most) const = 0;
};

}  // namespace thumbmill
