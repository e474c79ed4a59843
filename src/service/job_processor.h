// JobProcessor: one leased job from its image to its settled lease. What all kinds of jobs share is
// here: the decoding, and what becomes of a failure; UploadProcessor and TaskProcessor know where
// the image is and where the renditions go. It has no threads; service/worker calls it from its
// own.
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
  SteadyTime::duration fetch_time{0};
  SteadyTime decode_until = SteadyTime::max();  ///< the client gives up then
};

/// How long a job's stages have taken so far.
struct StageTimes {
  SteadyTime::duration fetch{0};
  SteadyTime::duration decode{0};
  std::optional<SteadyTime> decoded;  ///< when decoding ended; nothing when there was none
};

/// A job on which the decoder has had its say.
struct DecodedJob {
  FetchedJob fetched;
  Result<Thumbnails> thumbs;
  StageTimes times;
};

/// Thread-safe. Everything passed in outlives it.
class JobProcessor {
 public:
  JobProcessor(const WorkerOptions& options, const WorkerParts& parts, StoreBreaker& breaker)
      : options_(options), parts_(parts), breaker_(breaker) {}
  virtual ~JobProcessor() = default;

  /// Fetches the image. Nothing when there was no work to do and the job has been settled, or put
  /// off, or is no longer ours.
  virtual std::optional<FetchedJob> fetch(std::shared_ptr<HeldLease> lease) = 0;

  /// Makes the renditions, in memory. Settles nothing, whatever comes of it.
  DecodedJob decode(FetchedJob fetched);

  /// Stores what was made, or fails the job or puts it off, and settles it.
  void finish(DecodedJob job);

  /// Gives a job back that was not worked on.
  void hand_back(HeldLease& lease);

 protected:
  /// What is known of a job when it ends, which may be before it could be read.
  struct Subject {
    HeldLease& lease;
    const Job& job;
    std::uint64_t source_bytes = 0;
    StageTimes times = {};
  };

  /// Stores the renditions and what follows from them, settles the lease and announces the end. A
  /// failure is the store's or the queue's.
  virtual Status store(const Subject& subject, Thumbnails thumbs) = 0;

  /// Ends the job as failed: likewise.
  virtual Status fail(const Subject& subject, const Status& why) = 0;

  /// Puts the job off, hands it back or fails it, as failure_policy says.
  void conclude(const Subject& subject, FailureSource source, const Status& failure);
  void put_off(HeldLease& lease, FailureSource source, const Status& failure, AttemptCost cost,
               const StageTimes& times = {});
  /// Takes an ended job off the queue, as done or (`why`) as a dead letter. lease_lost: somebody
  /// else has it now.
  Status settle(HeldLease& lease, Code why = Code::ok);
  /// Counts, logs and publishes an end whose lease is settled.
  void announce(HeldLease& lease, const JobResult& result, const StageTimes& times);
  void count(std::string_view outcome, Code code);
  void observe(std::string_view stage, SteadyTime since);
  /// The result of a job as far as every end has it.
  JobResult result_of(const Subject& subject) const;
  /// Whether the job has been delivered more often than it may be tried: a failure then.
  Status check_tries(const Lease& lease) const;
  void step(WorkerStep step) const;

  const WorkerOptions options_;
  const WorkerParts parts_;

 private:
  void drop(const HeldLease& lease);
  void publish(const Lease& lease, JobState state, Code code,
               std::chrono::microseconds worker_time = {});

  StoreBreaker& breaker_;
  // How many infrastructure failures there were since the last success, over all jobs: what the
  // delay after them grows with, for they are not counted as tries.
  std::atomic<int> troubles_ = 0;
};

}  // namespace thumbmill
