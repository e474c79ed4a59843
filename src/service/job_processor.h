// JobProcessor: one leased job from its original to its settled lease; the steps of the delivery
// guarantee, in their order. It has no threads; service/worker calls it from its own.
//
// A job that ends well:   thumbs -> (originals/) -> result -> original removed -> ack.
// A job that ends badly:  dead/ -> failed result -> original removed -> bury.
// The result is the one step that decides, and it is written if absent. Before it the original is
// untouched and a crash means the work again; after it everything left is removal, which whoever
// comes next (a redelivery, the sweep) finishes. The copy under originals/ or dead/ is made before
// the result so that the removal may follow the result whoever does it. A crash between the copy
// under dead/ and the failed result leaves an unfinished job with a stray copy: the job is still
// unfinished to everybody, and if it ends well after all the copy is no dead letter (DeadLetters
// goes by the result) and is removed when found.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/blob.h"
#include "model/job.h"
#include "model/job_result.h"
#include "service/failure_policy.h"
#include "service/lease_keeper.h"
#include "service/store_breaker.h"
#include "service/worker.h"

namespace thumbmill {

/// A job ready to be worked on.
struct FetchedJob {
  std::shared_ptr<HeldLease> lease;  // shared with the LeaseKeeper while it renews
  Job job;
  Blob original;
};

/// A job on which the decoder has had its say.
struct DecodedJob {
  FetchedJob fetched;
  Result<Thumbnails> thumbs;
  SteadyTime::duration decode_time;
};

/// Thread-safe. Everything passed in outlives it.
class JobProcessor {
 public:
  JobProcessor(const WorkerOptions& options, const WorkerParts& parts, StoreBreaker& breaker);

  /// Fetches the original. Nothing when there was no work to do and the job has been settled, or
  /// put off, or is no longer ours.
  std::optional<FetchedJob> fetch(std::shared_ptr<HeldLease> lease);

  /// Makes the renditions, in memory. Settles nothing, whatever comes of it.
  DecodedJob decode(FetchedJob fetched);

  /// Stores what was made, or fails the job or puts it off, and settles it.
  void finish(DecodedJob job);

  /// Gives a job back that was not worked on.
  void hand_back(HeldLease& lease);

 private:
  struct Subject;

  Result<std::optional<JobResult>> existing_result(HeldLease& lease);
  void resolve_missing_original(HeldLease& lease);
  Status store_thumbs(HeldLease& lease, const Thumbnails& thumbs);
  Result<JobResult> store_result(const FetchedJob& fetched, Thumbnails thumbs);
  Status fail(const Subject& subject, const Status& why);
  Status complete(HeldLease& lease, const JobResult& result, SteadyTime::duration decode_time = {});
  void conclude(const Subject& subject, FailureSource source, const Status& failure);
  void put_off(HeldLease& lease, FailureSource source, const Status& failure, AttemptCost cost);
  void drop(const HeldLease& lease);
  void count(std::string_view outcome, Code code);
  void publish(const Lease& lease, JobState state, Code code,
               std::chrono::microseconds worker_time = {});
  void step(WorkerStep step) const;

  const WorkerOptions options_;
  const WorkerParts parts_;
  StoreBreaker& breaker_;
  // How many infrastructure failures there were since the last success, over all jobs: what the
  // delay after them grows with, for they are not counted as tries.
  std::atomic<int> troubles_ = 0;
};

}  // namespace thumbmill
