// What becomes of a job whose try has failed: the table of docs/delivery.md, as a pure function.
#pragma once

#include <chrono>

#include "base/status.h"

namespace thumbmill {

/// Who said that the try failed; the same code means different things.
enum class FailureSource {
  decoder,         ///< the Thumbnailer
  infrastructure,  ///< the ObjectStore or the JobQueue
  job,             ///< the stored job itself
};

struct FailedTry {
  FailureSource source = FailureSource::infrastructure;
  Code code = Code::internal;
  int attempt = 1;               ///< which counted try it was
  Code last_failure = Code::ok;  ///< of the try before, ok when there was none
  std::chrono::milliseconds age{};
};

struct FailureLimits {
  int max_attempts = 5;
  int max_decoder_crashes = 2;
  std::chrono::milliseconds give_up_after{};
};

enum class Verdict {
  fail,           ///< final: failed result and dead letter
  retry_counted,  ///< again after a delay, one try nearer to the end
  retry_free,     ///< again after a delay; not the job's fault
  hand_back,      ///< again at once, by anyone
};

/// True for what kills a decoder: these count against the image.
bool is_decoder_crash(Code code);

/// True for failures of a store or queue that pass by themselves.
bool is_infrastructure(FailureSource source, Code code);

/// Pure.
Verdict judge(const FailedTry& failed, const FailureLimits& limits);

}  // namespace thumbmill
