// A log that tests read.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"

namespace thumbmill {

/// Thread-safe.
class RecordingLogger final : public Logger {
 public:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField>) override {
    const std::lock_guard lock(mutex_);
    if (level >= LogLevel::warning) warnings_.emplace_back(message);
  }

  /// The messages of warnings and errors so far.
  std::vector<std::string> warnings() const {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> warnings_;  // guarded by mutex_
};

}  // namespace thumbmill
