// Expiry: removes from the store what is past its time. What is not ours, or cannot be read,
// it ignores and leaves. Used by the Janitor only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/op_context.h"
#include "base/status.h"
#include "metrics/foreign_records.h"
#include "queue/job_queue.h"
#include "store/object_store.h"

namespace thumbmill {

/// How old things may get; 0: any age. See JanitorOptions.
struct ExpiryAges {
  std::chrono::milliseconds unfinished;
  std::chrono::milliseconds dead_letter;
  std::chrono::milliseconds result;
};

/// One thread at a time. Every function returns how many objects it removed; a failure ends it, and
/// the next pass goes on from there. Ages go by the store's time of an object, `now` by ours.
class Expiry {
 public:
  Expiry(ObjectStore& store, JobQueue& queue, const ExpiryAges& ages, WallTime now,
         ForeignRecords& foreign, const OpContext& context)
      : store_(store),
        queue_(queue),
        ages_(ages),
        now_(now),
        foreign_(foreign),
        context_(context) {}

  /// All of the below.
  Result<std::uint64_t> run();

  /// Dead letters, of the store and of the queue.
  Result<std::uint64_t> dead_letters();

  /// Results with their renditions and kept originals; the result last.
  Result<std::uint64_t> results();

  /// Renditions that belong to nothing: what a worker wrote of a job that was then deleted.
  Result<std::uint64_t> orphaned_thumbs();

  /// Idempotency records.
  Result<std::uint64_t> idempotency_records();

  /// Tombstones of deleted jobs, when no worker can be at the job any more.
  Result<std::uint64_t> tombstones();

 private:
  using Visit = std::function<Status(const ListedObject&, const JobId& id)>;

  /// Calls `visit` for all objects of a space that were last put before `cutoff`.
  Status for_each_older(std::string_view space, WallTime cutoff, const Visit& visit);

  WallTime cutoff(std::chrono::milliseconds age) const { return now_ - age; }

  ObjectStore& store_;
  JobQueue& queue_;
  const ExpiryAges ages_;
  const WallTime now_;
  ForeignRecords& foreign_;
  const OpContext& context_;
};

}  // namespace thumbmill
