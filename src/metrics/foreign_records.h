// ForeignRecords: what is said of a record that is not ours. Queues, channels, buckets and
// directories are open to others, and to newer versions of this program: what cannot be read there
// is ignored, counted, and named in the log. What becomes of the record is its reader's to say.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/line_limit.h"
#include "base/log.h"
#include "metrics/metrics.h"

namespace thumbmill {

/// Thread-safe. What it is given outlives it.
class ForeignRecords {
 public:
  /// `source`: where such records come from, the metric's label.
  ForeignRecords(std::string_view source, Metrics& metrics, Logger& log, const Clock& clock)
      : source_(source), metrics_(metrics), log_(log), lines_(clock) {}

  /// Counts a record that is being ignored, and writes a line of the log for it unless there
  /// was one within the last ten minutes; the next line says how many had none. `record`: what it
  /// is or how it begins, any bytes. `why`: what is wrong with it.
  void report(std::string_view record, std::string_view why);

 private:
  const std::string source_;
  Metrics& metrics_;
  Logger& log_;
  LineLimit lines_;
};

}  // namespace thumbmill
