#include "app/backends.h"

#include <fmt/format.h>

#include "base/without_secrets.h"
#include "notify/kafka/kafka_notifier.h"
#include "notify/local/local_notifier.h"
#include "notify/redis/redis_notifier.h"
#include "queue/celery/celery_queue.h"
#include "queue/kafka/kafka_leadership.h"
#include "queue/kafka/kafka_queue.h"
#include "queue/redis/redis_leadership.h"
#include "queue/redis/redis_queue.h"
#include "queue/sqlite/sqlite_queue.h"
#include "store/fs/fs_store.h"
#include "store/s3/s3_store.h"

namespace thumbmill {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kS3 = "s3:";

bool has_scheme(std::string_view text) { return text.find("://") != std::string_view::npos; }

bool is_redis(const Settings& settings) { return settings.queue.starts_with("redis"); }

bool is_kafka(const Settings& settings) { return settings.queue.starts_with("kafka:"); }

S3Encryption encryption(S3Sse sse) {
  switch (sse) {
    case S3Sse::s3:
      return S3Encryption::sse_s3;
    case S3Sse::kms:
      return S3Encryption::sse_kms;
    case S3Sse::bucket:
      break;
  }
  return S3Encryption::bucket_default;
}

Result<S3Options> s3_options(const Settings& settings) {
  ASSIGN_OR_RETURN(S3Options options, parse_s3_url(settings.store));
  options.endpoint = settings.s3_endpoint;
  options.region = settings.s3_region;
  options.path_style = settings.s3_path_style;
  options.encryption = encryption(settings.s3_sse);
  options.kms_key_id = settings.s3_kms_key;
  options.first_byte_time = settings.s3_first_byte_time;
  options.spool_directory = settings.spool;
  options.keeps_jobs = !has_tasks(settings);  // the state of those is their producer's
  return options;
}

// What a wrong URL is wrong in, under the setting's name.
template <typename T>
Result<T> of_setting(std::string_view name, Result<T> parsed) {
  if (parsed.ok()) return parsed;
  return parsed.status().with_context(fmt::format("setting {}", name));
}

Result<RedisOptions> redis_options(const Settings& settings) {
  ASSIGN_OR_RETURN(RedisOptions options, of_setting("queue", parse_redis_url(settings.queue)));
  options.connect_timeout = options.command_timeout = settings.dependency_patience;
  return options;
}

Result<KafkaOptions> kafka_options(const Settings& settings) {
  return of_setting("queue", parse_kafka_url(settings.queue));
}

Result<std::unique_ptr<JobQueue>> open_kafka_queue(const Settings& settings, Clock& clock,
                                                   Logger& log) {
  ASSIGN_OR_RETURN(KafkaOptions options, kafka_options(settings));
  ASSIGN_OR_RETURN(std::unique_ptr<KafkaQueue> queue,
                   of_setting("queue", KafkaQueue::open(std::move(options), clock, log,
                                                        {.longest_delay = settings.retry_cap})));
  return std::unique_ptr<JobQueue>(std::move(queue));
}

Result<std::unique_ptr<JobQueue>> open_sqlite_queue(const Settings& settings, Clock& clock,
                                                    Logger& log) {
  std::string file = settings.queue.substr(kSqlite.size());
  if (file.empty() && has_scheme(settings.store)) {
    return Status(Code::invalid_argument,
                  fmt::format("setting queue is \"{}\", a file in the store, and the store is "
                              "\"{}\"; allowed then: sqlite:FILE, redis://HOST or kafka://HOST",
                              settings.queue, without_secrets(settings.store)));
  }
  if (file.empty()) file = settings.store + "/queue/queue.db";
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteQueue> queue, SqliteQueue::open(file, clock, log));
  return std::unique_ptr<JobQueue>(std::move(queue));
}

}  // namespace

bool is_shared(const Settings& settings) { return !settings.queue.starts_with(kSqlite); }

std::chrono::milliseconds store_check_interval(const Settings& settings) {
  return std::chrono::seconds(settings.store.starts_with(kS3) ? 30 : 5);
}

Result<std::unique_ptr<ObjectStore>> open_store(const Settings& settings, Clock& clock,
                                                Random& random, Metrics& metrics, Logger& log) {
  if (settings.store.starts_with(kS3)) {
    ASSIGN_OR_RETURN(S3Options options, of_setting("store", s3_options(settings)));
    ASSIGN_OR_RETURN(
        std::unique_ptr<S3Store> store,
        of_setting("store", S3Store::open(std::move(options), clock, random, metrics, log)));
    return std::unique_ptr<ObjectStore>(std::move(store));
  }
  if (settings.store.empty() || has_scheme(settings.store)) {
    return Status(Code::invalid_argument,
                  fmt::format("setting store is \"{}\"; allowed: a directory or s3://BUCKET/PREFIX",
                              without_secrets(settings.store)));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<FsStore> store, FsStore::open(settings.store, clock));
  return std::unique_ptr<ObjectStore>(std::move(store));
}

Result<std::unique_ptr<JobQueue>> open_queue(const Settings& settings, Clock& clock, Random& random,
                                             Logger& log) {
  if (settings.queue.starts_with(kSqlite)) return open_sqlite_queue(settings, clock, log);
  if (has_tasks(settings)) {
    return Status(
        Code::invalid_argument,
        fmt::format("setting queue is \"{}\", Celery's, from which `thumbmill worker` takes "
                    "tasks; all other commands need a queue of Thumbmill's own",
                    without_secrets(settings.queue)));
  }
  if (is_kafka(settings)) return open_kafka_queue(settings, clock, log);
  if (!is_redis(settings)) {
    return Status(Code::invalid_argument,
                  fmt::format("setting queue is \"{}\"; allowed: sqlite:FILE, redis://HOST, "
                              "rediss://HOST, redis+unix:///SOCKET, redis+sentinel://HOST/MASTER, "
                              "kafka://HOST",
                              without_secrets(settings.queue)));
  }
  ASSIGN_OR_RETURN(RedisOptions options, redis_options(settings));
  ASSIGN_OR_RETURN(std::unique_ptr<RedisQueue> queue,
                   RedisQueue::open(std::move(options), clock, random, log));
  return std::unique_ptr<JobQueue>(std::move(queue));
}

bool has_tasks(const Settings& settings) { return is_celery_url(settings.queue); }

Result<std::unique_ptr<TaskSource>> open_tasks(const Settings& settings, Clock& clock,
                                               Random& random, Metrics& metrics, Logger& log) {
  ASSIGN_OR_RETURN(CeleryOptions options, of_setting("queue", parse_celery_url(settings.queue)));
  if (settings.default_renditions.size() > 1 &&
      options.target.find("{rendition}") == std::string::npos) {
    return Status(
        Code::invalid_argument,
        fmt::format("setting queue has target \"{}\", one key for the {} default-renditions: "
                    "put {{rendition}} into it",
                    options.target, settings.default_renditions.size()));
  }
  return std::unique_ptr<TaskSource>(
      std::make_unique<CeleryQueue>(std::move(options), clock, random, metrics, log));
}

Result<Backends> open_backends(const Settings& settings, Clock& clock, Random& random,
                               Metrics& metrics, Logger& log) {
  Backends backends;
  ASSIGN_OR_RETURN(backends.store, open_store(settings, clock, random, metrics, log));
  backends.presigner = dynamic_cast<Presigner*>(backends.store.get());
  if (settings.deliver == Delivery::redirect && backends.presigner == nullptr) {
    return Status(Code::invalid_argument,
                  fmt::format("setting deliver is \"redirect\", which needs a store at s3://, and "
                              "store is \"{}\"",
                              without_secrets(settings.store)));
  }
  ASSIGN_OR_RETURN(backends.queue, open_queue(settings, clock, random, log));
  return backends;
}

Result<std::unique_ptr<Notifier>> open_notifier(const Settings& settings, Clock& clock,
                                                Random& random, Metrics& metrics, Logger& log) {
  if (is_kafka(settings)) {
    ASSIGN_OR_RETURN(const KafkaOptions options, kafka_options(settings));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaNotifier> notifier,
                     of_setting("queue", KafkaNotifier::open(options, clock, metrics, log)));
    return std::unique_ptr<Notifier>(std::move(notifier));
  }
  if (!is_redis(settings)) return std::unique_ptr<Notifier>(std::make_unique<LocalNotifier>());
  ASSIGN_OR_RETURN(RedisOptions options, redis_options(settings));
  return std::unique_ptr<Notifier>(
      std::make_unique<RedisNotifier>(std::move(options), clock, random, metrics, log));
}

Result<std::unique_ptr<Leadership>> open_leadership(const Settings& settings, const Clock& clock,
                                                    Logger& log) {
  if (is_kafka(settings)) {
    ASSIGN_OR_RETURN(KafkaOptions options, kafka_options(settings));
    return std::unique_ptr<Leadership>(
        std::make_unique<KafkaLeadership>(std::move(options), clock, log));
  }
  if (!is_redis(settings)) return std::unique_ptr<Leadership>(std::make_unique<SoleLeadership>());
  ASSIGN_OR_RETURN(RedisOptions options, redis_options(settings));
  return std::unique_ptr<Leadership>(
      std::make_unique<RedisLeadership>(std::move(options), clock, log));
}

}  // namespace thumbmill
