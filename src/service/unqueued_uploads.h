// UnqueuedUploads: uploads that were accepted while the queue did not take their jobs. Queues them
// as soon as it does again, so that they need not wait for the sweep, which would find them too:
// what is lost here, with the process or because there are too many, is the sweep's.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/job_queue.h"

namespace thumbmill {

/// Thread-safe. Everything passed in outlives it.
class UnqueuedUploads {
 public:
  /// How many are remembered, of about 100 bytes each.
  static constexpr std::size_t kMost = 50'000;
  /// Between two attempts while the queue takes none.
  static constexpr std::chrono::seconds kInterval{2};

  UnqueuedUploads(JobQueue& queue, Metrics& metrics, Logger& log, Clock& clock);
  ~UnqueuedUploads() { stop(); }

  void start();
  /// Ends the thread. Safe to repeat.
  void stop();

  /// A job that the queue has not taken.
  void add(const JobId& id, std::string_view caller);

  /// How many wait now.
  std::uint64_t count() const;

 private:
  struct Upload {
    JobId id;
    std::string caller;
  };

  void run();
  /// Queues the oldest ones until the queue refuses one.
  void queue_some(std::unique_lock<std::mutex>& lock);

  JobQueue& queue_;
  Metrics& metrics_;
  Logger& log_;
  Clock& clock_;
  std::stop_source stop_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Upload> uploads_;  // guarded by mutex_
  bool stopping_ = false;       // guarded by mutex_
  std::thread thread_;          // guarded by mutex_
};

}  // namespace thumbmill
