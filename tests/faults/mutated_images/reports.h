// What decoders leave behind when they die: their last words, by the pool's log, and the reports of
// sanitizers, as files. Used by the campaign.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace thumbmill {

/// A directory that sanitizers write their reports to. A pool's log has the end of what a decoder
/// said, but a report's beginning is what tells. One thread at a time.
class SanitizerReports {
 public:
  /// `directory` exists and outlives this.
  explicit SanitizerReports(std::string directory) : directory_(std::move(directory)) {}

  /// `command` in an environment in which sanitizers write here, end the process at the first
  /// fault and give no memory beyond `most_bytes` at once, as the address space's limit has it in
  /// other builds. Without a sanitizer it changes nothing.
  std::vector<std::string> watched(const std::vector<std::string>& command,
                                   std::uint64_t most_bytes) const;

  /// The report of a process that is gone; empty when there is none. It is removed.
  std::string take(int pid) const;

  /// The reports of faults, not of warnings, that nobody took.
  std::vector<std::string> left() const;

 private:
  const std::string directory_;
};

/// A pool's log: keeps what is said of an image's end, and all errors. Thread-safe.
class DecoderLog final : public Logger {
 public:
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;

  /// What the process that died on the image of that job id had said; empty when nothing is known.
  std::string take_last_words(const std::string& job_id);

  /// Lines that say that the pool, and not an image, is in trouble.
  std::vector<std::string> troubles() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> last_words_;  // guarded by mutex_
  std::vector<std::string> troubles_;              // guarded by mutex_
};

/// The number behind the last "process " in what a decoder said; -1 when it said nothing.
int process_of(std::string_view last_words);

}  // namespace thumbmill
