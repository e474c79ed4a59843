// IdWindow: finds the ids of jobs newest first, over a store that lists oldest first only. Ids tell
// when they were made (UUIDv7), so windows of time are listed, backwards from now and growing,
// shard by shard: some listings find the newest of however many jobs.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/op_context.h"
#include "base/status.h"
#include "store/object_store.h"

namespace thumbmill {

/// One thread at a time.
class IdWindow {
 public:
  /// Ids below `before`, or all of them.
  IdWindow(ObjectStore& store, const Clock& clock, const std::optional<JobId>& before,
           const OpContext& context);

  /// The next ids backwards in time, newest first; each once, though a job may have an upload as
  /// well as a result. Never an empty list; nothing at the end.
  Result<std::optional<std::vector<JobId>>> next();

 private:
  Result<bool> collect(WallTime from, std::vector<JobId>& ids);

  ObjectStore& store_;
  const OpContext context_;
  std::string before_;              // ids from here on have been returned
  WallTime upper_;                  // the time of the present window's upper end
  std::chrono::milliseconds span_;  // of the next window
  bool at_end_ = false;
};

}  // namespace thumbmill
