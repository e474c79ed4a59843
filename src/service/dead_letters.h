// DeadLetters: failed jobs whose originals are kept (dead/ in the store) to be tried again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "notify/notifier.h"
#include "queue/job_queue.h"
#include "service/catalog.h"
#include "store/object_store.h"

namespace thumbmill {

/// Thread-safe. Everything passed in outlives it.
class DeadLetters {
 public:
  DeadLetters(ObjectStore& store, JobQueue& queue, Catalog& catalog, Notifier& notifier,
              Logger& log, const Clock& clock);

  /// Dead letters by id, oldest first within a shard; `after` is the last id of the former page or
  /// empty. `limit` 1 to 200.
  Result<JobPage> list(const std::string& after, std::size_t limit, const OpContext& context);

  /// How many there are, by listing the store.
  Result<std::uint64_t> count(const OpContext& context);

  /// Puts the original back under uploads/, removes the failed result, queues the job with its
  /// attempts forgotten. A crash in between leaves a dead letter or an unfinished job, never
  /// neither. not_found when there is no such dead letter.
  Status retry(const std::string& id, const OpContext& context);

  /// retry() for every dead letter; returns how many.
  Result<std::uint64_t> retry_all(const OpContext& context);

  /// Removes the kept original; the failed result stays. not_found when there is none.
  Status purge(const std::string& id, const OpContext& context);

  /// purge() for every dead letter; returns how many.
  Result<std::uint64_t> purge_all(const OpContext& context);

 private:
  ObjectStore& store_;
  JobQueue& queue_;
  Catalog& catalog_;
  Notifier& notifier_;
  Logger& log_;
  const Clock& clock_;
};

}  // namespace thumbmill
