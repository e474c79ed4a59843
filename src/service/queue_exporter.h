// QueueExporter: takes part in the election among the processes of one queue and, while it leads,
// exports the queue-wide gauges, so that replicas never disagree about them. The Janitor sweeps in
// the process whose exporter leads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/job_queue.h"
#include "queue/leadership.h"
#include "service/workload.h"

namespace thumbmill {

struct QueueExporterParts {
  JobQueue& queue;
  Leadership& leadership;
  const Workload& workload;
  Metrics& metrics;
  Logger& log;
  Clock& clock;
};

/// Thread-safe. The parts outlive it.
class QueueExporter {
 public:
  /// How often the lead is renewed and the gauges are set.
  static constexpr std::chrono::seconds kInterval{2};
  /// How long the lead stays with a process that shows no sign of life.
  static constexpr std::chrono::seconds kLeadTime{10};

  explicit QueueExporter(const QueueExporterParts& parts) : parts_(parts) {}
  ~QueueExporter() { stop(); }

  /// Asks for the lead once, in this thread, then starts a thread that goes on.
  void start();
  /// Gives the lead up and ends the thread. Safe to repeat.
  void stop();

  /// Whether this process leads, as far as it knows: what a leader does must be harmless twice.
  bool leads() const { return leads_; }

 private:
  void run();
  void renew();
  void set_gauges();
  void clear_gauges();

  const QueueExporterParts parts_;
  std::atomic<bool> leads_ = false;
  std::stop_source stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;     // guarded by mutex_
};

}  // namespace thumbmill
