// UploadProcessor: the steps of the delivery guarantee, in their order, for a job of our own.
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

#include "base/ids.h"
#include "base/line_limit.h"
#include "metrics/foreign_records.h"
#include "service/job_processor.h"

namespace thumbmill {

/// Thread-safe, as every JobProcessor.
class UploadProcessor final : public JobProcessor {
 public:
  UploadProcessor(const WorkerOptions& options, const WorkerParts& parts, StoreBreaker& breaker)
      : JobProcessor(options, parts, breaker),
        foreign_("queue", parts.metrics, parts.log, parts.clock),
        missing_originals_(parts.clock) {}

  std::optional<FetchedJob> fetch(std::shared_ptr<HeldLease> lease) override;

 private:
  Status store(const Subject& subject, Thumbnails thumbs) override;
  Status fail(const Subject& subject, const Status& why) override;

  /// Takes a job that is not ours off the queue.
  void discard(HeldLease& lease);
  Result<std::optional<JobResult>> existing_result(const JobId& id, const HeldLease& lease);
  void resolve_missing_original(const JobId& id, HeldLease& lease);
  Status store_thumbs(const JobId& id, const HeldLease& lease, const Thumbnails& thumbs);
  Result<JobResult> store_result(const JobId& id, const Subject& subject, Thumbnails thumbs);
  Status complete(const JobId& id, HeldLease& lease, const JobResult& result,
                  const StageTimes& times = {});

  ForeignRecords foreign_;
  LineLimit missing_originals_;
};

}  // namespace thumbmill
