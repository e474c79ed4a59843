// Catalog: what is known of jobs, read from the store (the truth) with the queue's word on what is
// happening now; listing them newest first; deleting them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "metrics/foreign_records.h"
#include "model/job.h"
#include "model/job_result.h"
#include "notify/notifier.h"
#include "queue/job_queue.h"
#include "store/object_store.h"

namespace thumbmill {

/// One job as it stands.
struct JobView {
  JobId id;
  JobState state = JobState::queued;
  int attempts = 0;       ///< counted tries so far, as far as the queue knows
  std::string name = {};  ///< the client's file name
  WallTime created{};
  std::vector<RenditionSpec> renditions = {};  ///< as asked for; empty once the job has ended
  std::optional<JobResult> result = {};        ///< when done or failed
  bool dead_letter = false;                    ///< failed, and the original is kept for another try
};

struct JobPage {
  std::vector<JobView> jobs;        ///< newest first
  std::optional<std::string> next;  ///< cursor of the next page; nothing at the end
};

/// Thread-safe. Everything passed in outlives it.
class Catalog {
 public:
  Catalog(ObjectStore& store, JobQueue& queue, Notifier& notifier, Metrics& metrics, Logger& log,
          const Clock& clock);

  /// not_found when there is no such job (any more). Ids that are not ours are not_found too.
  /// corrupt_input: what is stored of it cannot be read.
  Result<JobView> find(const std::string& id, const OpContext& context);

  /// Jobs in any state, newest first, `limit` (1 to 200) a page. `cursor` is a former page's next
  /// or empty; a foreign one is invalid_argument. Costs some listings a page, however many jobs
  /// there are: the ids' times are searched in growing windows backwards. One that cannot be read
  /// is left out.
  Result<JobPage> list(const std::string& cursor, std::size_t limit, const OpContext& context);

  /// The key of a stored rendition; the failures of rendition().
  Result<std::string> rendition_key(const std::string& id, const std::string& name,
                                    const OpContext& context);

  /// A stored rendition. not_found: no such job or rendition. unavailable with detail kNotReady:
  /// the job has not ended yet. The job's failure when it failed.
  Result<Object> rendition(const std::string& id, const std::string& name,
                           const OpContext& context);
  static constexpr std::string_view kNotReady = "not_ready";

  /// Removes everything of the job: original, renditions, result, queue entry. not_found when there
  /// was nothing. A worker that is at it finds its lease lost.
  Status remove(const std::string& id, const OpContext& context);

 private:
  Result<JobView> view(const JobId& id, const OpContext& context);
  Result<JobView> view_unfinished(const JobId& id, const ObjectInfo& upload,
                                  const OpContext& context);
  Result<JobView> view_ended(const JobId& id, JobResult result, const OpContext& context);
  Result<JobView> view_interrupted_retry(const JobId& id, const OpContext& context);

  ObjectStore& store_;
  JobQueue& queue_;
  Notifier& notifier_;
  const Clock& clock_;
  ForeignRecords foreign_;
};

}  // namespace thumbmill
