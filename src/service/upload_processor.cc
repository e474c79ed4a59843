#include "service/upload_processor.h"

#include <algorithm>

#include "model/object_key.h"
#include "service/job_records.h"
#include "service/original.h"

namespace thumbmill {
namespace {

bool was_tried_before(const Lease& lease) {
  return lease.attempt() > 1 || lease.last_failure() != Code::ok;
}

// Queues are open to others: not everything that they deliver is the id of a job. invalid_argument.
Result<JobId> id_of(const HeldLease& lease) {
  if (std::optional<JobId> id = JobId::parse(lease.id())) return *std::move(id);
  return Status(Code::invalid_argument, "no id of ours");
}

}  // namespace

void UploadProcessor::discard(HeldLease& lease) {
  foreign_.report(lease.id(), id_of(lease).status().message());
  const Result<OpContext> context = lease.fenced();
  const Status acked = context.ok() ? lease.lease().ack(*context) : context.status();
  if (acked.ok()) return;  // otherwise it comes again when the lease has run out
  parts_.log.debug("cannot take it off the queue", {{"detail", acked.to_string()}});
}

std::optional<FetchedJob> UploadProcessor::fetch(std::shared_ptr<HeldLease> held) {
  const Result<JobId> id = id_of(*held);
  if (!id.ok()) {
    discard(*held);
    return std::nullopt;
  }
  step(WorkerStep::leased);
  const SteadyTime started = parts_.clock.now();
  const Lease& lease = held->lease();
  Job job;
  job.created = uuid7_time(*id);
  const Subject unread{*held, job};
  if (lease.attempt() > 1) parts_.metrics.add(metric::kRedeliveries, 1);
  const std::chrono::duration<double> queued = parts_.clock.wall_now() - job.created;
  parts_.metrics.observe(metric::kJobSeconds, std::max(0.0, queued.count()), {"queue"});
  // Only a job that has been delivered before can have a result, bar a lost queue; then the
  // result's own put finds out.
  if (was_tried_before(lease)) {
    const Result<std::optional<JobResult>> result = existing_result(*id, *held);
    const Status status = !result.ok() ? result.status()
                          : *result    ? complete(*id, *held, **result)
                                       : Status();
    if (!status.ok()) conclude(unread, FailureSource::infrastructure, status);
    if (!status.ok() || *result) return std::nullopt;
  }
  Result<Object> original = parts_.store.get(upload_key(*id), held->interruptible());
  if (original.status().code() == Code::not_found) {
    resolve_missing_original(*id, *held);
    return std::nullopt;
  }
  if (!original.ok()) {
    conclude(unread, FailureSource::infrastructure, original.status());
    return std::nullopt;
  }
  Result<Job> decoded = decode_job(original->info.metadata);
  if (!decoded.ok()) {
    conclude({*held, job, original->body.size()}, FailureSource::job, decoded.status());
    return std::nullopt;
  }
  if (const Status poisoned = check_tries(lease); !poisoned.ok()) {
    conclude({*held, *decoded, original->body.size()}, FailureSource::job, poisoned);
    return std::nullopt;
  }
  const Result<ImageFormat> format = format_of(original->body, options_.formats);
  if (!format.ok()) {
    const bool can_be_read = format.status().code() != Code::unavailable;
    conclude({*held, *decoded, original->body.size()},
             can_be_read ? FailureSource::job : FailureSource::infrastructure, format.status());
    return std::nullopt;
  }
  decoded->format = *format;
  observe("fetch", started);
  step(WorkerStep::fetched);
  return FetchedJob{std::move(held), std::move(decoded).value(), std::move(original->body),
                    parts_.clock.now() - started};
}

// A result that cannot be read is as good as none while the original is there to make it again.
Result<std::optional<JobResult>> UploadProcessor::existing_result(const JobId& id,
                                                                  const HeldLease& lease) {
  ASSIGN_OR_RETURN(const OpContext context, lease.fenced());
  Result<std::optional<JobResult>> result = read_result(parts_.store, id, context);
  if (result.status().code() != Code::corrupt_input) return result;
  ASSIGN_OR_RETURN(const bool upload, object_exists(parts_.store, upload_key(id), context));
  if (!upload) return result;
  parts_.log.error("damaged result removed, the job is done again",
                   {{"job_id", id}, {"detail", result.status().to_string()}});
  RETURN_IF_ERROR(parts_.store.remove(result_key(id), context));
  return std::optional<JobResult>();
}

void UploadProcessor::resolve_missing_original(const JobId& id, HeldLease& lease) {
  const Result<std::optional<JobResult>> result = existing_result(id, lease);
  Status status = result.status();
  if (result.ok() && *result) {
    status = complete(id, lease, **result);
  } else if (result.ok()) {
    // Whoever can write into the queue can cause any number of these.
    if (const std::optional<std::int64_t> unnamed = missing_originals_.admit()) {
      parts_.log.error("original missing: the job has neither original nor result",
                       {{"job_id", id},
                        {"attempt", lease.lease().attempt()},
                        {"others_since_the_last_line", *unnamed}});
    }
    status = settle(lease);
    if (status.ok()) {
      count("original_missing", Code::not_found);
      step(WorkerStep::settled);
    }
  }
  if (!status.ok()) put_off(lease, FailureSource::infrastructure, status, AttemptCost::free);
}

Status UploadProcessor::store(const Subject& subject, Thumbnails thumbs) {
  const SteadyTime begun = parts_.clock.now();
  ASSIGN_OR_RETURN(const JobId id, id_of(subject.lease));
  RETURN_IF_ERROR(store_thumbs(id, subject.lease, thumbs));
  ASSIGN_OR_RETURN(const JobResult result, store_result(id, subject, std::move(thumbs)));
  observe("store", begun);
  return complete(id, subject.lease, result, subject.times);
}

Status UploadProcessor::store_thumbs(const JobId& id, const HeldLease& lease,
                                     const Thumbnails& thumbs) {
  for (const MadeRendition& made : thumbs.renditions) {
    RETURN_IF_ERROR(lease.live());
    PutOptions options;
    options.content_type = image_format_info(made.facts.format).media_type;
    const std::string key = thumb_key(id, made.facts.name, made.facts.format);
    RETURN_IF_ERROR(parts_.store.put(key, made.bytes, options, lease.interruptible())
                        .with_context("storing a rendition"));
  }
  step(WorkerStep::thumbs_stored);
  return Status();
}

// Returns the result that counts: this one, or the one that was there first.
Result<JobResult> UploadProcessor::store_result(const JobId& id, const Subject& subject,
                                                Thumbnails thumbs) {
  HeldLease& lease = subject.lease;
  JobResult result = result_of(subject);
  result.source_size = thumbs.source_size;
  for (MadeRendition& made : thumbs.renditions) {
    made.facts.size_bytes = made.bytes.size();
    result.renditions.push_back(std::move(made.facts));
  }
  if (subject.job.keep_original) {
    ASSIGN_OR_RETURN(const OpContext context, lease.fenced());
    const Status kept = parts_.store.copy(upload_key(id), original_key(id), context);
    // Gone: the job was deleted or finished by another, and the put of the result will say so.
    if (kept.code() != Code::not_found) RETURN_IF_ERROR(kept.with_context("keeping the original"));
    result.kept_original = kept.ok();
  }
  result.finished = parts_.clock.wall_now();
  ASSIGN_OR_RETURN(const OpContext context, lease.fenced());
  const Status written = write_result(parts_.store, id, result, context);
  if (written.code() == Code::conflict) {
    ASSIGN_OR_RETURN(const std::optional<JobResult> first, existing_result(id, lease));
    if (!first) return Status(Code::unavailable, "the result changed while it was being stored");
    return *first;
  }
  RETURN_IF_ERROR(written.with_context("storing the result"));
  step(WorkerStep::result_stored);
  return result;
}

// What is left to do once a result stands, whoever wrote it.
Status UploadProcessor::complete(const JobId& id, HeldLease& held, const JobResult& result,
                                 const StageTimes& times) {
  const bool tombstone = is_tombstone(result);
  if (tombstone) {
    ASSIGN_OR_RETURN(const OpContext context, held.fenced());
    RETURN_IF_ERROR(remove_thumbs(parts_.store, id, context));
    RETURN_IF_ERROR(parts_.store.remove(original_key(id), context));
  }
  // A former try may have got as far as the dead letter and no further.
  if (tombstone || (result.done() && was_tried_before(held.lease()))) {
    ASSIGN_OR_RETURN(const OpContext context, held.fenced());
    RETURN_IF_ERROR(parts_.store.remove(dead_key(id), context));
  }
  ASSIGN_OR_RETURN(const OpContext removing, held.fenced());
  RETURN_IF_ERROR(
      parts_.store.remove(upload_key(id), removing).with_context("removing the original"));
  step(WorkerStep::original_removed);
  const bool dead = !result.done() && !tombstone;
  RETURN_IF_ERROR(settle(held, dead ? result.failure->code : Code::ok));
  if (tombstone) return Status();
  announce(held, result, times);
  return Status();
}

Status UploadProcessor::fail(const Subject& subject, const Status& why) {
  HeldLease& lease = subject.lease;
  ASSIGN_OR_RETURN(const JobId id, id_of(lease));
  ASSIGN_OR_RETURN(const OpContext copying, lease.fenced());
  const Status copied = parts_.store.copy(upload_key(id), dead_key(id), copying);
  if (copied.code() == Code::not_found) {
    resolve_missing_original(id, lease);
    return Status();
  }
  RETURN_IF_ERROR(copied.with_context("writing the dead letter"));
  JobResult result = result_of(subject);
  result.finished = parts_.clock.wall_now();
  result.failure = JobFailure{why.code(), why.message()};
  ASSIGN_OR_RETURN(const OpContext writing, lease.fenced());
  const Status written = write_result(parts_.store, id, result, writing);
  if (written.code() == Code::conflict) {
    ASSIGN_OR_RETURN(const std::optional<JobResult> first, existing_result(id, lease));
    if (!first) return Status(Code::unavailable, "the result changed while it was being stored");
    if (first->done()) RETURN_IF_ERROR(parts_.store.remove(dead_key(id), writing));
    return complete(id, lease, *first, subject.times);
  }
  RETURN_IF_ERROR(written.with_context("storing the failed result"));
  step(WorkerStep::result_stored);
  return complete(id, lease, result, subject.times);
}

}  // namespace thumbmill
