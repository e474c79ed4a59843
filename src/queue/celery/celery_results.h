// CeleryResults: tells clients that wait for a task how it ended, as Celery's Redis backend
// (celery.backends.redis) does: the result under a key, and on the channel of that name.
// docs/formats/queue-celery.md. Used by celery_queue.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "queue/celery/celery_options.h"
#include "queue/task_source.h"
#include "redis/client.h"

namespace thumbmill {

/// The Python exception that AsyncResult.get() raises. Value.
struct CeleryException {
  std::string_view module;  ///< "builtins", or that of Celery's own: "celery.exceptions"
  std::string_view type;    ///< name of the class
  std::string message;      ///< its only argument; any bytes
};

/// Thread-safe. What is written again is written over, but for the result of a task that was done.
/// Every call may return unavailable.
class CeleryResults {
 public:
  /// How long a result is kept.
  static constexpr std::chrono::hours kAge{24};

  /// Succeeds also while the server is away. What it is given outlives it.
  CeleryResults(const CeleryOptions& options, const Clock& clock, Logger& log);

  Status done(const std::string& task_id, const std::vector<MadeThumbnail>& made,
              const OpContext& context);
  Status failed(const std::string& task_id, const CeleryException& exception,
                const OpContext& context);
  /// The task is not done. `why`: "expired" or "revoked".
  Status revoked(const std::string& task_id, std::string why, const OpContext& context);

  /// ok when results can be written now.
  Status check(const OpContext& context);

 private:
  Status fail(const std::string& task_id, std::string_view state, const CeleryException& exception,
              const OpContext& context);
  Status write(const std::string& task_id, std::string_view state, boost::json::object result,
               const OpContext& context);

  const Clock& clock_;
  const std::string key_prefix_;
  const RedisScript write_;
  RedisConnector connector_;
  RedisClient client_;
};

}  // namespace thumbmill
