#include "service/janitor.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "metrics/foreign_records.h"
#include "model/object_key.h"
#include "service/expiry.h"
#include "service/job_records.h"
#include "service/object_cursor.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// Expiry goes through everything that is stored, so it comes less often than the sweep.
constexpr std::chrono::hours kExpiryInterval{1};

// How often a process that does not lead looks whether it does now.
constexpr milliseconds kLeadInterval{5'000};

double seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

class Janitor::Thread {
 public:
  Thread(const JanitorOptions& options, const JanitorParts& parts)
      : options_(options),
        parts_(parts),
        foreign_("store", parts.metrics, parts.log, parts.clock) {}

  /// `age`: of the youngest upload to look at.
  Result<SweepReport> sweep(milliseconds age, bool expire, const OpContext& context);
  milliseconds sweep_age() const { return options_.sweep_age; }
  std::uint64_t unqueued() const { return unqueued_; }
  void start();
  void stop();

 private:
  Status sweep_uploads(milliseconds age, SweepReport& report, const OpContext& context);
  Status sweep_upload(const JobId& id, SweepReport& report, const OpContext& context);
  Status requeue(const JobId& id, SweepReport& report, const OpContext& context);
  void run();
  void sweep_now(milliseconds age, bool expire);

  const JanitorOptions options_;
  const JanitorParts parts_;
  ForeignRecords foreign_;
  std::atomic<std::uint64_t> unqueued_ = 0;
  std::stop_source stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;     // guarded by mutex_
};

Result<SweepReport> Janitor::Thread::sweep(milliseconds age, bool expire,
                                           const OpContext& context) {
  const SteadyTime started = parts_.clock.now();
  SweepReport report;
  RETURN_IF_ERROR(sweep_uploads(age, report, context));
  unqueued_ = report.unqueued;
  if (expire) {
    Expiry expiry(parts_.store, parts_.queue,
                  {options_.unfinished_age, options_.dead_letter_age, options_.result_age},
                  parts_.clock.wall_now(), foreign_, context);
    ASSIGN_OR_RETURN(report.expired, expiry.run());
  }
  parts_.metrics.observe(metric::kSweepSeconds, seconds(parts_.clock.now() - started));
  return report;
}

Status Janitor::Thread::sweep_uploads(milliseconds age, SweepReport& report,
                                      const OpContext& context) {
  const WallTime youngest = parts_.clock.wall_now() - age;
  for (const char shard : kShards) {
    ObjectCursor uploads(parts_.store, shard_prefix(key_space::kUploads, shard), context);
    for (;;) {
      ASSIGN_OR_RETURN(const std::optional<ListedObject> upload, uploads.next());
      if (!upload) break;
      const std::optional<JobId> id = id_from_key(upload->key);
      if (!id) {
        foreign_.report(upload->key, kNoKeyOfOurs);
        continue;
      }
      ++report.unfinished;
      // By the time of the put, not of the id: a dead letter that is put back is young again.
      if (age.count() > 0 && upload->modified > youngest) continue;
      RETURN_IF_ERROR(sweep_upload(*id, report, context));
    }
  }
  return Status();
}

Status Janitor::Thread::sweep_upload(const JobId& id, SweepReport& report,
                                     const OpContext& context) {
  // The queue first: most of a backlog needs no look at the store.
  ASSIGN_OR_RETURN(const std::optional<QueuedJob> queued, parts_.queue.find(id.text(), context));
  if (queued && queued->state != QueuedState::dead) return Status();
  const Result<std::optional<JobResult>> result = read_result(parts_.store, id, context);
  const bool damaged = result.status().code() == Code::corrupt_input;
  if (!damaged) RETURN_IF_ERROR(result.status());
  if (!damaged && *result) {
    if (is_tombstone(**result)) {
      RETURN_IF_ERROR(remove_thumbs(parts_.store, id, context));
      RETURN_IF_ERROR(parts_.store.remove(original_key(id), context));
      RETURN_IF_ERROR(parts_.store.remove(dead_key(id), context));
    }
    RETURN_IF_ERROR(parts_.store.remove(upload_key(id), context));
    ++report.completed;
    return Status();
  }
  return requeue(id, report, context);
}

// A queue that is full is asked once a sweep; the other uploads are counted, for the scalers.
Status Janitor::Thread::requeue(const JobId& id, SweepReport& report, const OpContext& context) {
  if (report.unqueued > 0) {
    ++report.unqueued;
    return Status();
  }
  const Result<bool> requeued = parts_.queue.enqueue(id.text(), context);
  if (requeued.status().code() == Code::exhausted) {
    ++report.unqueued;
    parts_.log.warning("the queue takes no jobs, unfinished uploads wait for it",
                       {{"detail", requeued.status().to_string()}});
    return Status();
  }
  RETURN_IF_ERROR(requeued.status());
  if (!*requeued) return Status();
  ++report.requeued;
  parts_.metrics.add(metric::kSweepRequeued, 1);
  parts_.log.info("unfinished upload queued again", {{"job_id", id}});
  return Status();
}

void Janitor::Thread::start() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || thread_.joinable()) return;
  thread_ = std::thread([this] { run(); });
}

void Janitor::Thread::stop() {
  std::thread ended;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ended.swap(thread_);
  }
  stop_.request_stop();
  changed_.notify_all();
  if (ended.joinable()) ended.join();
}

void Janitor::Thread::run() {
  SteadyTime next_expiry = parts_.clock.now();
  SteadyTime next_look = next_expiry;
  milliseconds age = options_.first_sweep_age;
  const auto stopping = [this] { return stopping_; };
  std::unique_lock lock(mutex_);
  while (!parts_.clock.wait_until(lock, changed_, next_look, stopping)) {
    lock.unlock();
    if (parts_.leads && !parts_.leads()) {
      age = options_.sweep_age;  // whoever led before may have left later than it started
      next_look = parts_.clock.now() + std::min(options_.sweep_interval, kLeadInterval);
    } else {
      const bool expire = parts_.clock.now() >= next_expiry;
      sweep_now(age, expire);
      age = options_.sweep_age;
      if (expire) next_expiry = parts_.clock.now() + kExpiryInterval;
      next_look = parts_.clock.now() + options_.sweep_interval;
    }
    lock.lock();
  }
}

void Janitor::Thread::sweep_now(milliseconds age, bool expire) {
  const Result<SweepReport> report = sweep(age, expire, {.stop = stop_.get_token()});
  if (report.ok()) {
    parts_.log.debug("swept", {{"unfinished", report->unfinished},
                               {"requeued", report->requeued},
                               {"unqueued", report->unqueued},
                               {"completed", report->completed},
                               {"expired", report->expired}});
  } else if (!stop_.stop_requested()) {
    parts_.log.warning("sweep failed, the next one goes on",
                       {{"detail", report.status().to_string()}});
  }
}

Janitor::Janitor(const JanitorOptions& options, const JanitorParts& parts)
    : thread_(std::make_unique<Thread>(options, parts)) {}

Janitor::~Janitor() { stop(); }

Result<SweepReport> Janitor::sweep(const OpContext& context) {
  return thread_->sweep(thread_->sweep_age(), true, context);
}

std::uint64_t Janitor::unqueued() const { return thread_->unqueued(); }

void Janitor::start() { thread_->start(); }

void Janitor::stop() { thread_->stop(); }

}  // namespace thumbmill
