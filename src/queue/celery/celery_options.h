// What a Celery worker of ours is told by its URL: which task it does, and where images lie.
// docs/migrating-from-celery.md.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "redis/options.h"

namespace thumbmill {

/// Value.
struct CeleryOptions {
  RedisOptions redis;  ///< the broker, and the result backend
  std::string task;    ///< name of the task, as "tasks.make_thumbnail"
  std::string queue = "celery";
  std::string key_prefix;                         ///< the transport's global_keyprefix
  std::chrono::seconds visibility_timeout{3600};  ///< the transport's; all workers' must be equal
  std::vector<std::string> parameters;  ///< names of the task's parameters, in order; may be empty
  std::string source = "{0}";           ///< key of the image, from the task's arguments
  std::string target = "thumbnails/{0}.{ext}";  ///< of its thumbnails
  bool remove_source = false;                   ///< once its thumbnails are stored
};

/// Whether a queue URL is one of Celery's: "celery+redis://", "celery+rediss://" ...
bool is_celery_url(std::string_view url);

/// Reads "celery+" and a Redis URL (parse_redis_url) with the parameters task, parameters
/// (separated by commas), queue, key_prefix, visibility_timeout (seconds), source, target and
/// remove_source (yes, no); all but `task` may be
/// left out. invalid_argument, which says what is wrong and never repeats the password.
Result<CeleryOptions> parse_celery_url(std::string_view url);

}  // namespace thumbmill
