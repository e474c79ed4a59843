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

/// Value. The defaults of what is the transport's are kombu's.
struct CeleryOptions {
  RedisOptions redis;    ///< the broker
  RedisOptions results;  ///< the result backend
  std::string task;      ///< name of the task, as "tasks.make_thumbnail"
  std::string queue = "celery";
  std::string key_prefix;                          ///< the transport's global_keyprefix
  std::chrono::seconds visibility_timeout{3600};   ///< the transport's; all workers' must be equal
  std::vector<int> priority_steps = {0, 3, 6, 9};  ///< the transport's, ascending; 0 to 255
  std::string separator = "\x06\x16";              ///< the transport's sep
  std::string result_key_prefix;        ///< what stands before "celery-task-meta-" in results' keys
  std::vector<std::string> parameters;  ///< names of the task's parameters, in order; may be empty
  std::string source = "{0}";           ///< key of the image, from the task's arguments
  std::string target = "thumbnails/{0}.{ext}";  ///< of its thumbnails
  bool remove_source = false;                   ///< once its thumbnails are stored
};

/// Whether a queue URL is one of Celery's: "celery+redis://", "celery+rediss://" ...
bool is_celery_url(std::string_view url);

/// Reads "celery+" and a Redis URL (parse_redis_url) with the parameters named as the options are,
/// but `sep`; `result` is a Redis URL, or "/1" for another database of the broker's server;
/// visibility_timeout is in seconds, priority_steps and parameters are separated by commas,
/// remove_source is yes or no. All but `task` may be left out. invalid_argument, which says what is
/// wrong and never repeats the password; so for a result backend that is no Redis.
Result<CeleryOptions> parse_celery_url(std::string_view url);

}  // namespace thumbmill
