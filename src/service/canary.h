// Canary: puts tiny pictures through the decoders now and then, so that health means that
// thumbnails can be made, not only that a port answers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// Thread-safe. The parts outlive it.
class Canary {
 public:
  static constexpr std::chrono::seconds kInterval{30};
  /// A success older than this is no sign of life any more.
  static constexpr std::chrono::seconds kPatience{90};

  Canary(Thumbnailer& thumbnailer, Logger& log, Clock& clock)
      : thumbnailer_(thumbnailer), log_(log), clock_(clock), begun_(clock.now()) {}
  ~Canary() { stop(); }

  /// Starts a thread that probes at once and every kInterval.
  void start();
  void stop();

  /// Makes one thumbnail by each of the programs that decode now, in this thread, and remembers the
  /// outcome, unless it was stopped. The Thumbnailer's failures, with the picture's format;
  /// internal when what it made is not what was asked for.
  Status probe();

  /// ok when a probe has succeeded within kPatience, or none has had the time to; otherwise the
  /// latest failure.
  Status health() const;

 private:
  Thumbnailer& thumbnailer_;
  Logger& log_;
  Clock& clock_;
  const SteadyTime begun_;

  mutable std::mutex mutex_;
  std::condition_variable stop_changed_;
  std::stop_source stop_;                   // cancels a running probe
  std::optional<SteadyTime> last_success_;  // guarded by mutex_
  Status last_failure_;                     // guarded by mutex_; ok after a success
  std::thread thread_;
};

}  // namespace thumbmill
