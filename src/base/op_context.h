// OpContext: what every blocking call is told about the operation it is part of: by when it must
// end, whether it has been told to stop, and which request or job it is for.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace thumbmill {

/// Value, borrowed by calls. Blocking calls return deadline_exceeded after `deadline` and
/// cancelled after a stop request; they may check at their own natural steps.
struct OpContext {
  SteadyTime deadline = SteadyTime::max();
  std::stop_token stop = {};
  /// Goes into log lines: the HTTP request, and the job, this work is for. May be empty.
  std::string request_id = {};
  std::string job_id = {};

  /// The failure to return now, or ok to go on.
  Status check(const Clock& clock) const {
    if (stop.stop_requested()) return Status(Code::cancelled, "stopped");
    if (clock.now() >= deadline) return Status(Code::deadline_exceeded, "out of time");
    return Status();
  }
};

}  // namespace thumbmill
