#include "service/dead_letters.h"

#include <functional>
#include <optional>

#include <fmt/format.h>

#include "model/object_key.h"
#include "service/job_records.h"
#include "service/object_cursor.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxPage = 200;

Status no_such_letter(std::string_view id) {
  return Status(Code::not_found, "there is no such dead letter", fmt::format("job {}", id));
}

// Calls `visit` with the id of each object under dead/ after that of `after`, until it returns
// false. The order is by shard, then by id. What others have put there is for the janitor to tell.
Status for_each_dead(ObjectStore& store, const std::optional<JobId>& after,
                     const OpContext& context,
                     const std::function<Result<bool>(const JobId&)>& visit) {
  const std::string start = after ? dead_key(*after) : std::string();
  for (const char shard : kShards) {
    const std::string prefix = shard_prefix(key_space::kDead, shard);
    if (!start.empty() && start > prefix && !start.starts_with(prefix)) continue;
    ObjectCursor objects(store, prefix, context, start.starts_with(prefix) ? start : std::string());
    for (;;) {
      ASSIGN_OR_RETURN(const std::optional<ListedObject> object, objects.next());
      if (!object) break;
      const std::optional<JobId> id = id_from_key(object->key);
      if (!id) continue;
      ASSIGN_OR_RETURN(const bool more, visit(*id));
      if (!more) return Status();
    }
  }
  return Status();
}

// Whether there is no dead letter to show: another process took it meanwhile, or what is stored of
// the job cannot be read.
bool is_no_letter(const Status& status) {
  return status.code() == Code::not_found || status.code() == Code::corrupt_input;
}

// Acts on every dead letter that there is.
Result<std::uint64_t> act_on_all(ObjectStore& store, const OpContext& context,
                                 const std::function<Status(const std::string&)>& act) {
  std::uint64_t count = 0;
  const Status walked = for_each_dead(store, {}, context, [&](const JobId& id) -> Result<bool> {
    const Status done = act(id);
    if (done.ok()) ++count;
    if (!done.ok() && !is_no_letter(done)) return done;
    return true;
  });
  RETURN_IF_ERROR(walked);
  return count;
}

}  // namespace

DeadLetters::DeadLetters(ObjectStore& store, JobQueue& queue, Catalog& catalog, Notifier& notifier,
                         Logger& log, const Clock& clock)
    : store_(store),
      queue_(queue),
      catalog_(catalog),
      notifier_(notifier),
      log_(log),
      clock_(clock) {}

Result<JobPage> DeadLetters::list(const std::string& after, std::size_t limit,
                                  const OpContext& context) {
  if (limit == 0 || limit > kMaxPage) {
    return Status(Code::invalid_argument, fmt::format("limit must be 1 to {}", kMaxPage));
  }
  const std::optional<JobId> start = JobId::parse(after);
  if (!after.empty() && !start) {
    return Status(Code::invalid_argument, "the cursor is not one of ours");
  }
  JobPage page;
  const Status walked = for_each_dead(store_, start, context, [&](const JobId& id) -> Result<bool> {
    Result<JobView> view = catalog_.find(id, context);
    if (is_no_letter(view.status())) return true;
    RETURN_IF_ERROR(view.status());
    if (!view->dead_letter) {
      // A stray copy: made before a failed result that was never written, or left by a retry
      // that died at its last step. Of no use once the job is done; needed, perhaps, until
      // then.
      if (view->state == JobState::done) RETURN_IF_ERROR(store_.remove(dead_key(id), context));
      return true;
    }
    if (page.jobs.size() == limit) {
      page.next = page.jobs.back().id.text();
      return false;
    }
    page.jobs.push_back(std::move(view).value());
    return true;
  });
  RETURN_IF_ERROR(walked);
  return page;
}

Result<std::uint64_t> DeadLetters::count(const OpContext& context) {
  std::uint64_t count = 0;
  const Status walked = for_each_dead(store_, {}, context, [&](const JobId&) -> Result<bool> {
    ++count;
    return true;
  });
  RETURN_IF_ERROR(walked);
  return count;
}

// The result goes first: with the original back under uploads/ beside a failed result, the sweep
// or a worker would take the job for finished and remove the original again. The dead letter goes
// last, when the upload stands.
Status DeadLetters::retry(const std::string& text, const OpContext& context) {
  const std::optional<JobId> parsed = JobId::parse(text);
  if (!parsed) return no_such_letter(text);
  const JobId& id = *parsed;
  ASSIGN_OR_RETURN(const bool there, object_exists(store_, dead_key(id), context));
  if (!there) return no_such_letter(id.text());
  ASSIGN_OR_RETURN(const JobView view, catalog_.find(id, context));
  if (!view.dead_letter) return no_such_letter(id.text());
  RETURN_IF_ERROR(store_.remove(result_key(id), context).with_context("removing the result"));
  const Status copied = store_.copy(dead_key(id), upload_key(id), context);
  if (copied.code() == Code::not_found) return no_such_letter(id.text());
  RETURN_IF_ERROR(copied.with_context("putting the original back"));
  RETURN_IF_ERROR(store_.remove(dead_key(id), context).with_context("removing the dead letter"));
  notifier_.publish({.id = id, .state = JobState::queued, .at = clock_.wall_now()});
  log_.info("dead letter is tried again", {{"job_id", id}, {"request_id", context.request_id}});
  if (const Status queued = queue_.enqueue(id.text(), context).status(); !queued.ok()) {
    log_.warning("retried job not queued, the sweep will queue it",
                 {{"job_id", id}, {"detail", queued.to_string()}});
  }
  return Status();
}

Result<std::uint64_t> DeadLetters::retry_all(const OpContext& context) {
  return act_on_all(store_, context, [&](const std::string& id) { return retry(id, context); });
}

Status DeadLetters::purge(const std::string& text, const OpContext& context) {
  const std::optional<JobId> parsed = JobId::parse(text);
  if (!parsed) return no_such_letter(text);
  const JobId& id = *parsed;
  ASSIGN_OR_RETURN(const bool there, object_exists(store_, dead_key(id), context));
  if (!there) return no_such_letter(id.text());
  ASSIGN_OR_RETURN(const JobView view, catalog_.find(id, context));
  if (!view.result) return no_such_letter(id.text());
  RETURN_IF_ERROR(store_.remove(dead_key(id), context).with_context("removing the dead letter"));
  return queue_.forget(id.text(), context);
}

Result<std::uint64_t> DeadLetters::purge_all(const OpContext& context) {
  return act_on_all(store_, context, [&](const std::string& id) { return purge(id, context); });
}

}  // namespace thumbmill
