// Leadership: which of several processes does what one alone should do (the sweep, the queue-wide
// metrics). A matter of economy, not of safety: two may briefly both believe that they lead, for
// example after one has been stopped for a while, so that what a leader does must be harmless
// twice. Implementations: SoleLeadership here, queue/redis/redis_leadership,
// queue/kafka/kafka_leadership.
#pragma once

#include <chrono>
#include <string_view>

#include "base/op_context.h"
#include "base/status.h"

namespace thumbmill {

/// Thread-safe.
class Leadership {
 public:
  virtual ~Leadership() = default;

  /// Takes or keeps the lead in `role`, a short name, for `ttl` from now; false while another
  /// process has it. Call it again well before `ttl` has passed. unavailable: nobody knows, so
  /// better not to lead.
  virtual Result<bool> hold(std::string_view role, std::chrono::milliseconds ttl,
                            const OpContext& context) = 0;

  /// Lets another process lead at once, as on a stop. Not having the lead is ok.
  virtual Status release(std::string_view role, const OpContext& context) = 0;
};

/// For a process that knows it is alone: always leads. Immutable.
class SoleLeadership final : public Leadership {
 public:
  Result<bool> hold(std::string_view, std::chrono::milliseconds, const OpContext&) override {
    return true;
  }
  Status release(std::string_view, const OpContext&) override { return Status(); }
};

}  // namespace thumbmill
