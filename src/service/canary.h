// Canary: puts a tiny image through the Thumbnailer now and then, so that "alive" means that images
// can still be decoded, not only that the process answers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "image/thumbnailer.h"

namespace thumbmill {

struct CanaryOptions {
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds timeout{20'000};   ///< of one image
  std::chrono::milliseconds patience{60'000};  ///< how long ago the last success may be
};

/// Thread-safe. Everything passed in outlives it.
class Canary {
 public:
  Canary(const CanaryOptions& options, Thumbnailer& thumbnailer, Logger& log, Clock& clock);
  ~Canary();  ///< as stop()

  /// One image now, in this thread. The Thumbnailer's failures; internal when what it made is not
  /// what was asked for.
  Status probe();

  /// Starts a thread that probes, at once and then at the interval.
  void start();
  /// Waits for a running probe, which is told to stop. Safe to repeat.
  void stop();

  /// ok when the last success is within the patience, or when the start is and nothing has failed.
  Status health() const;

 private:
  void run(const std::stop_token& stop);
  Status make(const std::stop_token& stop);

  const CanaryOptions options_;
  Thumbnailer& thumbnailer_;
  Logger& log_;
  Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;    // guarded by mutex_
  SteadyTime last_success_;  // guarded by mutex_; the start counts as one
  Status last_failure_;      // guarded by mutex_; ok after a success
  std::jthread thread_;
};

}  // namespace thumbmill
