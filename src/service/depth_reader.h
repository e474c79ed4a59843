// DepthReader: the queue's depth for clients that ask often and must be answered soon, such as a
// scaler: as it is now where the queue answers, else as it was a while ago.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "queue/job_queue.h"

namespace thumbmill {

/// Thread-safe. What it asks and the clock outlive it.
class DepthReader {
 public:
  using Ask = std::function<Result<QueueDepth>(const OpContext&)>;

  /// How long read() waits for the queue.
  static constexpr std::chrono::milliseconds kPatience{500};
  /// What is older says nothing any more.
  static constexpr std::chrono::seconds kMostAge{30};

  DepthReader(Ask ask, Clock& clock);
  ~DepthReader();

  /// Asks the queue, once for all who call meanwhile. When it fails or takes longer than kPatience:
  /// the latest depth of the last kMostAge, else the failure or unavailable.
  Result<QueueDepth> read();

 private:
  void run();

  const Ask ask_;
  Clock& clock_;
  std::stop_source stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 0;          // guarded by mutex_, as is all that follows
  std::uint64_t answered_ = 0;       // the latest of those who asked
  Status outcome_;                   // of that
  std::optional<QueueDepth> depth_;  // the latest known
  SteadyTime known_at_{};
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace thumbmill
