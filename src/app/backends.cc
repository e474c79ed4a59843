#include "app/backends.h"

#include <fmt/format.h>

#include "queue/sqlite/sqlite_queue.h"
#include "store/fs/fs_store.h"

namespace thumbmill {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

bool has_scheme(std::string_view text) { return text.find("://") != std::string_view::npos; }

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_store(const Settings& settings, Clock& clock,
                                                Random& random) {
  if (settings.store.empty() || has_scheme(settings.store)) {
    return Status(Code::invalid_argument,
                  fmt::format("setting store is \"{}\"; allowed: a directory", settings.store));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<FsStore> store, FsStore::open(settings.store, clock, random));
  return std::unique_ptr<ObjectStore>(std::move(store));
}

Result<std::unique_ptr<JobQueue>> open_queue(const Settings& settings, Clock& clock, Logger& log) {
  if (!settings.queue.starts_with(kSqlite)) {
    return Status(
        Code::invalid_argument,
        fmt::format(
            "setting queue is \"{}\"; allowed: sqlite:FILE, or sqlite: alone for queue/queue.db "
            "in the store",
            settings.queue));
  }
  std::string file = settings.queue.substr(kSqlite.size());
  if (file.empty()) file = settings.store + "/queue/queue.db";
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteQueue> queue, SqliteQueue::open(file, clock, log));
  return std::unique_ptr<JobQueue>(std::move(queue));
}

Result<Backends> open_backends(const Settings& settings, Clock& clock, Random& random,
                               Logger& log) {
  Backends backends;
  ASSIGN_OR_RETURN(backends.store, open_store(settings, clock, random));
  ASSIGN_OR_RETURN(backends.queue, open_queue(settings, clock, log));
  return backends;
}

}  // namespace thumbmill
