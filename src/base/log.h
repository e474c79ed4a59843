// Logging: one event a line, a message and named fields. The sink decides the form (JSON lines for
// machines, plain text for a terminal). Injected; there is no global logger.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/status.h"

namespace thumbmill {

enum class LogLevel { debug, info, warning, error };

/// One named value of a log line. Borrows its text for the call.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, std::int64_t v) : name(n), value(v) {}
  LogField(std::string_view n, int v) : name(n), value(std::int64_t{v}) {}
  LogField(std::string_view n, std::size_t v) : name(n), value(static_cast<std::int64_t>(v)) {}
};

/// Thread-safe. Field names in use: request_id, job_id, code, detail, and the like, snake_case.
class Logger {
 public:
  virtual ~Logger() = default;

  virtual void write(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }
};

enum class LogFormat { json, text };

/// Writes whole lines to a descriptor that it does not own, with one write(2) each, so that lines
/// of several processes do not mix. A line that cannot be written is dropped: logging never
/// blocks or fails the work.
class FdLogger final : public Logger {
 public:
  FdLogger(int fd, LogFormat format, LogLevel least, const Clock& clock)
      : fd_(fd), format_(format), least_(least), clock_(clock) {}

  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;

 private:
  const int fd_;
  const LogFormat format_;
  const LogLevel least_;
  const Clock& clock_;
};

}  // namespace thumbmill
