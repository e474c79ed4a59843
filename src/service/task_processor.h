// TaskProcessor: the jobs of a TaskSource, about images that are another application's. There is no
// upload, no result and no dead letter of ours: the image stays where it is, its thumbnails go
// where the task says, and whoever published it hears of the end.
//
// A job ends well:   thumbnails -> report -> ack -> (image removed).
// A job ends badly:  report -> bury, which keeps the message aside.
// After a crash in between the work is done again, with the same thumbnails under the same keys.
#pragma once

#include "queue/task_source.h"
#include "service/job_processor.h"

namespace thumbmill {

/// Thread-safe, as every JobProcessor. The source outlives it.
class TaskProcessor final : public JobProcessor {
 public:
  TaskProcessor(const WorkerOptions& options, const WorkerParts& parts, StoreBreaker& breaker,
                TaskSource& tasks)
      : JobProcessor(options, parts, breaker), tasks_(tasks) {}

  std::optional<FetchedJob> fetch(std::shared_ptr<HeldLease> lease) override;

 private:
  Status store(const Subject& subject, Thumbnails thumbs) override;
  Status fail(const Subject& subject, const Status& why) override;
  Result<FetchedJob> read(std::shared_ptr<HeldLease> lease, Job job, FailureSource& source);

  TaskSource& tasks_;
};

}  // namespace thumbmill
