#include "service/worker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "service/lease_keeper.h"
#include "service/store_breaker.h"
#include "service/task_processor.h"
#include "service/upload_processor.h"

namespace thumbmill {
namespace {

// How long one call waits for a job; a stop ends it at once.
constexpr std::chrono::milliseconds kLeaseWait{2'000};
// Between leases while the queue is away.
constexpr Backoff kQueueAway{.base = std::chrono::milliseconds(500),
                             .cap = std::chrono::milliseconds(10'000)};

std::unique_ptr<JobProcessor> make_processor(const WorkerOptions& options, const WorkerParts& parts,
                                             StoreBreaker& breaker) {
  if (parts.tasks != nullptr) {
    return std::make_unique<TaskProcessor>(options, parts, breaker, *parts.tasks);
  }
  return std::make_unique<UploadProcessor>(options, parts, breaker);
}

}  // namespace

// Two kinds of threads: `options.threads` fetchers lease jobs and fetch their originals, and
// several times as many workers decode and store. No more than `options.threads` of these decode at
// a time; the others store what they have decoded, which costs no CPU but, on a network, far more
// time than to decode. Between fetchers and workers stand at most `options.threads` jobs, so that
// the next one is always at hand and no process hoards the backlog.
class Worker::Pool {
 public:
  Pool(const WorkerOptions& options, const WorkerParts& parts)
      : options_(options),
        parts_(parts),
        breaker_(parts.store, parts.metrics, parts.log, parts.clock, parts.random),
        keeper_({options.lease_ttl, options.lease_renewal, options.lease_patience}, parts.clock,
                parts.log),
        processor_(make_processor(options, parts, breaker_)) {}

  void start();
  void stop(std::chrono::milliseconds drain);

 private:
  void fetch_loop();
  void work_loop();
  bool reserve_place();
  void lease_one(int& queue_failures);
  void hand_over(std::optional<FetchedJob> fetched);
  bool may_decode() const { return decoding_ < options_.threads && !ready_.empty(); }
  DecodedJob decode(FetchedJob fetched);
  void leave();

  const WorkerOptions options_;
  const WorkerParts parts_;
  StoreBreaker breaker_;
  LeaseKeeper keeper_;
  const std::unique_ptr<JobProcessor> processor_;
  std::stop_source leasing_;  // ends leasing and fetching
  std::stop_source working_;  // ends the work as well

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FetchedJob> ready_;      // guarded by mutex_
  std::size_t places_taken_ = 0;      // of jobs in ready_ or on the way there; guarded by mutex_
  std::size_t decoding_ = 0;          // workers that decode; guarded by mutex_
  bool stopping_ = false;             // guarded by mutex_
  std::size_t running_threads_ = 0;   // guarded by mutex_
  std::vector<std::thread> threads_;  // guarded by mutex_
};

void Worker::Pool::start() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || !threads_.empty()) return;
  parts_.metrics.set(metric::kWorkerConcurrency, static_cast<double>(options_.threads));
  parts_.metrics.set(metric::kWorkerBusy, 0);
  const std::size_t workers = options_.threads * kWorkersPerDecoder;
  running_threads_ = options_.threads + workers;
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { fetch_loop(); });
  }
  for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this] { work_loop(); });
}

void Worker::Pool::stop(std::chrono::milliseconds drain) {
  const SteadyTime deadline = parts_.clock.now() + drain;
  std::deque<FetchedJob> unstarted;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    unstarted.swap(ready_);
  }
  changed_.notify_all();
  leasing_.request_stop();
  for (const FetchedJob& fetched : unstarted) processor_->hand_back(*fetched.lease);
  std::vector<std::thread> ended;
  {
    std::unique_lock lock(mutex_);
    const auto all_ended = [this] { return running_threads_ == 0; };
    if (!parts_.clock.wait_until(lock, changed_, deadline, all_ended)) {
      lock.unlock();
      working_.request_stop();
      lock.lock();
      changed_.wait(lock, all_ended);
    }
    ended.swap(threads_);
  }
  for (std::thread& thread : ended) thread.join();
}

void Worker::Pool::leave() {
  // Notified under the lock: stop() may destroy the condition variable as soon as it sees zero.
  const std::lock_guard lock(mutex_);
  --running_threads_;
  changed_.notify_all();
}

bool Worker::Pool::reserve_place() {
  std::unique_lock lock(mutex_);
  parts_.clock.wait_until(lock, changed_, SteadyTime::max(),
                          [this] { return stopping_ || places_taken_ < options_.threads; });
  if (stopping_) return false;
  ++places_taken_;
  return true;
}

void Worker::Pool::fetch_loop() {
  int queue_failures = 0;
  for (;;) {
    breaker_.wait_closed(leasing_.get_token());
    if (!reserve_place()) break;
    lease_one(queue_failures);
  }
  leave();
}

void Worker::Pool::lease_one(int& queue_failures) {
  Result<std::vector<Lease>> leases =
      parts_.queue.lease(1, options_.lease_ttl, kLeaseWait, {.stop = leasing_.get_token()});
  if (leases.ok() && !leases->empty()) {
    queue_failures = 0;
    const std::shared_ptr<HeldLease> held = keeper_.hold(std::move(leases->front()));
    std::optional<FetchedJob> fetched;
    {
      const std::stop_callback interrupt(leasing_.get_token(), [&held] { held->cancel(); });
      fetched = processor_->fetch(held);
    }
    hand_over(std::move(fetched));
    return;
  }
  hand_over(std::nullopt);
  if (leases.ok() || leases.status().code() == Code::cancelled) return;
  parts_.log.warning("leasing failed", {{"detail", leases.status().to_string()}});
  const SteadyTime again =
      parts_.clock.now() + kQueueAway.base + kQueueAway.delay(++queue_failures, parts_.random);
  std::unique_lock lock(mutex_);
  parts_.clock.wait_until(lock, changed_, again, [this] { return stopping_; });
}

// Fills the place reserved before, or frees it.
void Worker::Pool::hand_over(std::optional<FetchedJob> fetched) {
  {
    const std::lock_guard lock(mutex_);
    if (fetched && !stopping_) {
      ready_.push_back(*std::exchange(fetched, std::nullopt));
    } else {
      --places_taken_;
    }
  }
  changed_.notify_all();
  // Too late: the worker is stopping.
  if (fetched) processor_->hand_back(*fetched->lease);
}

void Worker::Pool::work_loop() {
  for (;;) {
    std::unique_lock lock(mutex_);
    parts_.clock.wait_until(lock, changed_, SteadyTime::max(),
                            [this] { return stopping_ || may_decode(); });
    if (stopping_) break;
    FetchedJob fetched = std::move(ready_.front());
    ready_.pop_front();
    --places_taken_;
    // Set under the lock so that the last value set is the last one counted.
    parts_.metrics.set(metric::kWorkerBusy, static_cast<double>(++decoding_));
    lock.unlock();
    changed_.notify_all();
    const std::shared_ptr<HeldLease> held = fetched.lease;
    const std::stop_callback interrupt(working_.get_token(), [&held] { held->cancel(); });
    processor_->finish(decode(std::move(fetched)));
  }
  leave();
}

DecodedJob Worker::Pool::decode(FetchedJob fetched) {
  DecodedJob decoded = processor_->decode(std::move(fetched));
  {
    const std::lock_guard lock(mutex_);
    parts_.metrics.set(metric::kWorkerBusy, static_cast<double>(--decoding_));
  }
  changed_.notify_all();
  return decoded;
}

Worker::Worker(const WorkerOptions& options, const WorkerParts& parts)
    : pool_(std::make_unique<Pool>(options, parts)) {}

Worker::~Worker() { stop(std::chrono::milliseconds(0)); }

void Worker::start() { pool_->start(); }

void Worker::stop(std::chrono::milliseconds drain) { pool_->stop(drain); }

}  // namespace thumbmill
