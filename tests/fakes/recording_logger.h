// A log that tests read.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"

namespace thumbmill {

/// Thread-safe.
class RecordingLogger final : public Logger {
 public:
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(level, message);
    text_ += message;
    for (const LogField& field : fields) {
      if (const auto* value = std::get_if<std::string_view>(&field.value)) {
        text_ += " " + std::string(field.name) + "=" + std::string(*value);
      }
    }
    text_ += "\n";
  }

  /// The messages of warnings and errors so far.
  std::vector<std::string> warnings() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& [level, message] : lines_) {
      if (level >= LogLevel::warning) found.push_back(message);
    }
    return found;
  }

  /// How many messages of a level contain `text`.
  std::size_t count(LogLevel level, std::string_view text) const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [at, message] : lines_) {
      count += at == level && message.find(text) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  /// All messages, a line each, with the fields that are text.
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<LogLevel, std::string>> lines_;  // guarded by mutex_
  std::string text_;                                     // guarded by mutex_
};

}  // namespace thumbmill
