// JobSource: where a worker gets its jobs from. Part of the JobQueue port; a source of jobs that
// others queue (queue/task_source.h) is one, too.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "base/op_context.h"
#include "base/status.h"
#include "queue/lease.h"

namespace thumbmill {

/// Thread-safe. Every call may return unavailable (the queue is away: try later),
/// deadline_exceeded or cancelled.
class JobSource {
 public:
  virtual ~JobSource() = default;

  /// Leases up to `most` ready jobs for `ttl`, of each caller the oldest first as far as the
  /// backend can; waits up to `wait` for the first. A job whose lease ran out unsettled counts as
  /// ready. An empty answer means there was none, or a stop was requested.
  virtual Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                           std::chrono::milliseconds wait,
                                           const OpContext& context) = 0;

  /// ok when the queue can be used now: what /readyz and `doctor` ask. exhausted: it takes no new
  /// jobs for lack of room, while those in it can be worked on.
  virtual Status check(const OpContext& context) = 0;
};

}  // namespace thumbmill
