// Backends: the store and the queue that the settings name. With compose.h the only place that
// names adapters.
#pragma once

#include <memory>

#include "app/settings.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "notify/notifier.h"
#include "queue/job_queue.h"
#include "queue/leadership.h"
#include "queue/task_source.h"
#include "store/object_store.h"
#include "store/presigner.h"

namespace thumbmill {

/// The queue goes before the store, and both before what they were opened with.
struct Backends {
  std::unique_ptr<ObjectStore> store;
  Presigner* presigner = nullptr;  ///< the store's own, where it can
  std::unique_ptr<JobQueue> queue;
};

/// Whether several processes can use the queue at once.
bool is_shared(const Settings& settings);

/// Opens the store alone. invalid_argument naming the setting when it names none that there is.
Result<std::unique_ptr<ObjectStore>> open_store(const Settings& settings, Clock& clock,
                                                Random& random, Metrics& metrics, Logger& log);

/// How often to check that store: where each check is paid for, seldom.
std::chrono::milliseconds store_check_interval(const Settings& settings);

/// Opens the queue alone. invalid_argument as above; conflict when it belongs to a running process.
Result<std::unique_ptr<JobQueue>> open_queue(const Settings& settings, Clock& clock, Random& random,
                                             Logger& log);

/// Whether the jobs are tasks that another system's producers publish: open_tasks() then, in place
/// of open_queue().
bool has_tasks(const Settings& settings);

/// Opens the source of such tasks. invalid_argument as above.
Result<std::unique_ptr<TaskSource>> open_tasks(const Settings& settings, Clock& clock,
                                               Random& random, Metrics& metrics, Logger& log);

/// Opens both. conflict when the queue belongs to a running process.
Result<Backends> open_backends(const Settings& settings, Clock& clock, Random& random,
                               Metrics& metrics, Logger& log);

/// Tells of job events in this process and, where the queue is shared by a means that can, in all.
Result<std::unique_ptr<Notifier>> open_notifier(const Settings& settings, Clock& clock,
                                                Random& random, Metrics& metrics, Logger& log);

/// Who of the processes on that queue does what one alone should do.
Result<std::unique_ptr<Leadership>> open_leadership(const Settings& settings, const Clock& clock,
                                                    Logger& log);

}  // namespace thumbmill
