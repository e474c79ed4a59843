// QueueExporter: takes part in the election among the processes of one queue and, while it leads,
// exports the queue-wide gauges, so that replicas never disagree about them. The Janitor sweeps in
// the process whose exporter leads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
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
  /// The figures to export, uploads that wait for the queue included.
  std::function<Result<QueueDepth>(const OpContext&)> depth;
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
  /// How long it may be unknown who leads, as it is for seconds after a start, before that counts
  /// as a failure; the log says so then, and again each time as much time has passed.
  static constexpr std::chrono::seconds kUnknownFor{30};

  explicit QueueExporter(const QueueExporterParts& parts) : parts_(parts) {}
  ~QueueExporter() { stop(); }

  /// Asks for the lead once, in this thread, then starts a thread that goes on.
  void start();
  /// Gives the lead up and ends the thread. Safe to repeat.
  void stop();

  /// Whether this process leads, as far as it knows: what a leader does must be harmless twice.
  bool leads() const { return leads_; }

  /// unavailable when it has not been known for kUnknownFor who leads: perhaps nobody does, so that
  /// nothing is swept and no gauge exported.
  Status check() const;

 private:
  void run();
  void renew();
  void note_unknown(const Status& held);
  void set_gauges();
  void clear_gauges();

  const QueueExporterParts parts_;
  std::atomic<bool> leads_ = false;
  std::stop_source stop_;

  SteadyTime next_warning_{};  // of the thread that calls renew()

  mutable std::mutex answer_mutex_;
  Status last_answer_;                       // of the Leadership; guarded by answer_mutex_
  std::optional<SteadyTime> unknown_since_;  // likewise

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;     // guarded by mutex_
};

}  // namespace thumbmill
