#include "service/catalog.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/object_key.h"
#include "service/id_window.h"
#include "service/job_records.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxPage = 200;
constexpr std::size_t kDashes[] = {8, 13, 18, 23};

Status no_such_job(std::string_view id) {
  return Status(Code::not_found, "there is no such image", fmt::format("job {}", id));
}

// A cursor is the last id shown, without its dashes.
std::string encode_cursor(std::string id) {
  std::erase(id, '-');
  return id;
}

Result<std::optional<JobId>> decode_cursor(std::string cursor) {
  if (cursor.empty()) return std::optional<JobId>();
  if (cursor.size() == 32) {
    for (const std::size_t at : kDashes) cursor.insert(at, 1, '-');
    if (auto id = JobId::parse(cursor)) return id;
  }
  return Status(Code::invalid_argument, "the cursor is not one of ours");
}

}  // namespace

Catalog::Catalog(ObjectStore& store, JobQueue& queue, Notifier& notifier, Metrics& metrics,
                 Logger& log, const Clock& clock)
    : store_(store),
      queue_(queue),
      notifier_(notifier),
      clock_(clock),
      foreign_("store", metrics, log, clock) {}

Result<JobView> Catalog::find(const std::string& text, const OpContext& context) {
  const std::optional<JobId> id = JobId::parse(text);
  if (!id) return no_such_job(text);
  Result<JobView> found = view(*id, context);
  if (found.status().code() == Code::corrupt_input) {
    foreign_.report(fmt::format("job {}", text), found.status().to_string());
  }
  return found;
}

Result<JobView> Catalog::view(const JobId& id, const OpContext& context) {
  // A job goes from upload to result, and back when it is retried: the second look at the result
  // catches one that ended between the first two.
  for (const bool again : {true, false}) {
    ASSIGN_OR_RETURN(std::optional<JobResult> result, read_result(store_, id, context));
    if (result && is_tombstone(*result)) return no_such_job(id.text());
    if (result) return view_ended(id, *std::move(result), context);
    if (!again) break;
    const Result<ObjectInfo> upload = store_.head(upload_key(id), context);
    if (upload.ok()) return view_unfinished(id, *upload, context);
    if (upload.status().code() != Code::not_found) return upload.status();
  }
  return view_interrupted_retry(id, context);
}

Result<JobView> Catalog::view_unfinished(const JobId& id, const ObjectInfo& upload,
                                         const OpContext& context) {
  JobView view{.id = id};
  view.created = uuid7_time(id);
  // A damaged job is shown all the same: its worker will fail it.
  if (Result<Job> job = decode_job(upload.metadata); job.ok()) {
    view.name = std::move(job->name);
    view.created = job->created;
    view.renditions = std::move(job->renditions);
  }
  // The queue only adds to what the store says; without it the answer is still true.
  const Result<std::optional<QueuedJob>> queued = queue_.find(id.text(), context);
  if (queued.ok() && *queued) {
    view.attempts = (*queued)->attempts;
    if ((*queued)->state == QueuedState::running) view.state = JobState::running;
  }
  return view;
}

Result<JobView> Catalog::view_ended(const JobId& id, JobResult result, const OpContext& context) {
  JobView view{.id = id};
  view.state = result.done() ? JobState::done : JobState::failed;
  view.name = result.name;
  view.created = result.created;
  view.attempts = result.attempts;
  if (!result.done()) {
    ASSIGN_OR_RETURN(view.dead_letter, object_exists(store_, dead_key(id), context));
  }
  view.result = std::move(result);
  return view;
}

// A retry that died between removing the failed result and putting the original back has left the
// dead letter alone: the job has failed as before, only the reason is gone.
Result<JobView> Catalog::view_interrupted_retry(const JobId& id, const OpContext& context) {
  const Result<ObjectInfo> dead = store_.head(dead_key(id), context);
  if (dead.status().code() == Code::not_found) return no_such_job(id.text());
  RETURN_IF_ERROR(dead.status());
  ASSIGN_OR_RETURN(JobView view, view_unfinished(id, *dead, context));
  view.state = JobState::failed;
  view.dead_letter = true;
  JobResult result;
  result.name = view.name;
  result.created = view.created;
  result.finished = dead->modified;
  result.source_bytes = dead->size_bytes;
  result.failure = JobFailure{Code::internal, "a retry of this failed job was interrupted"};
  view.result = std::move(result);
  view.renditions.clear();
  return view;
}

Result<JobPage> Catalog::list(const std::string& cursor, std::size_t limit,
                              const OpContext& context) {
  if (limit == 0 || limit > kMaxPage) {
    return Status(Code::invalid_argument, fmt::format("limit must be 1 to {}", kMaxPage));
  }
  ASSIGN_OR_RETURN(const std::optional<JobId> before, decode_cursor(cursor));
  IdWindow window(store_, clock_, before, context);
  JobPage page;
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<std::vector<JobId>> ids, window.next());
    if (!ids) return page;
    for (const JobId& id : *ids) {
      Result<JobView> view = find(id, context);
      if (view.status().code() == Code::not_found) continue;  // deleted
      if (view.status().code() == Code::corrupt_input) continue;
      RETURN_IF_ERROR(view.status());
      if (page.jobs.size() == limit) {
        page.next = encode_cursor(page.jobs.back().id.text());
        return page;
      }
      page.jobs.push_back(std::move(view).value());
    }
  }
}

Result<Object> Catalog::rendition(const std::string& id, const std::string& name,
                                  const OpContext& context) {
  ASSIGN_OR_RETURN(const std::string key, rendition_key(id, name, context));
  return store_.get(key, context);
}

Result<std::string> Catalog::rendition_key(const std::string& id, const std::string& name,
                                           const OpContext& context) {
  ASSIGN_OR_RETURN(const JobView view, find(id, context));
  if (!view.result) {
    return Status(Code::unavailable, "the image is not ready yet", std::string(kNotReady));
  }
  if (view.result->failure) {
    return Status(view.result->failure->code, view.result->failure->message);
  }
  const auto& renditions = view.result->renditions;
  const auto found = std::find_if(renditions.begin(), renditions.end(),
                                  [&](const RenditionResult& r) { return r.name == name; });
  if (found == renditions.end()) {
    return Status(Code::not_found, "the image has no such rendition");
  }
  return thumb_key(view.id, name, found->format);
}

// An unfinished job gets a tombstone for a result first: from then on nobody can finish it, and
// what a worker still writes it removes itself when it finds the tombstone. The result goes last,
// so that a removal cut short is seen and repeated, and no step brings the job back to life.
Status Catalog::remove(const std::string& text, const OpContext& context) {
  const std::optional<JobId> parsed = JobId::parse(text);
  if (!parsed) return no_such_job(text);
  const JobId& id = *parsed;
  const Result<JobView> found = find(text, context);
  const bool damaged = found.status().code() == Code::corrupt_input;
  if (!damaged) RETURN_IF_ERROR(found.status());
  bool ended = damaged || found->result;
  if (!ended) {
    const Status buried = write_result(store_, id, make_tombstone(clock_.wall_now()), context);
    ended = buried.code() == Code::conflict;
    if (!ended) RETURN_IF_ERROR(buried);
    if (!ended) RETURN_IF_ERROR(store_.put(deleted_key(id), Blob(), {}, context));
  }
  RETURN_IF_ERROR(queue_.forget(id.text(), context));
  for (const std::string& key : {upload_key(id), dead_key(id), original_key(id)}) {
    RETURN_IF_ERROR(store_.remove(key, context));
  }
  RETURN_IF_ERROR(remove_thumbs(store_, id, context));
  if (ended) RETURN_IF_ERROR(store_.remove(result_key(id), context));
  notifier_.publish({.id = id, .state = JobState::deleted, .at = clock_.wall_now()});
  return Status();
}

}  // namespace thumbmill
