#include "service/job_processor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ids.h"
#include "model/object_key.h"
#include "service/job_records.h"
#include "service/original.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kCheckTime{10};

double seconds(std::chrono::nanoseconds span) {
  return std::max(0.0, std::chrono::duration<double>(span).count());
}

bool was_tried_before(const Lease& lease) {
  return lease.attempt() > 1 || lease.last_failure() != Code::ok;
}

Status poisoned(const Lease& lease) {
  const Code code = is_decoder_crash(lease.last_failure()) ? lease.last_failure() : Code::internal;
  return Status(code, fmt::format("given up after {} tries, the last of which did not come to an "
                                  "end",
                                  lease.attempt() - 1));
}

}  // namespace

/// What is known of a job when it fails, which may be before it could be read.
struct JobProcessor::Subject {
  HeldLease& lease;
  const Job& job;
  std::uint64_t source_bytes = 0;
  SteadyTime::duration decode_time{0};
};

JobProcessor::JobProcessor(const WorkerOptions& options, const WorkerParts& parts,
                           StoreBreaker& breaker)
    : options_(options), parts_(parts), breaker_(breaker) {}

void JobProcessor::step(WorkerStep step) const {
  if (parts_.at_step) parts_.at_step(step);
}

void JobProcessor::count(std::string_view outcome, Code code) {
  parts_.metrics.add(metric::kJobs, 1, {outcome, code_name(code)});
}

void JobProcessor::publish(const Lease& lease, JobState state, Code code,
                           std::chrono::microseconds worker_time) {
  parts_.notifier.publish({.id = lease.id(),
                           .state = state,
                           .at = parts_.clock.wall_now(),
                           .code = std::string(code == Code::ok ? "" : code_name(code)),
                           .attempt = lease.attempt(),
                           .worker_time = worker_time});
}

std::optional<FetchedJob> JobProcessor::fetch(std::shared_ptr<HeldLease> held) {
  step(WorkerStep::leased);
  const SteadyTime started = parts_.clock.now();
  const Lease& lease = held->lease();
  Job job;
  job.created = uuid7_time(held->id()).value_or(parts_.clock.wall_now());
  const Subject unread{*held, job};
  if (lease.attempt() > 1) parts_.metrics.add(metric::kRedeliveries, 1);
  parts_.metrics.observe(metric::kJobSeconds, seconds(parts_.clock.wall_now() - job.created),
                         {"queue"});
  // Only a job that has been delivered before can have a result, bar a lost queue; then the
  // result's own put finds out.
  if (was_tried_before(lease)) {
    const Result<std::optional<JobResult>> result = existing_result(*held);
    const Status status = !result.ok() ? result.status()
                          : *result    ? complete(*held, **result)
                                       : Status();
    if (!status.ok()) conclude(unread, FailureSource::infrastructure, status);
    if (!status.ok() || *result) return std::nullopt;
  }
  Result<Object> original = parts_.store.get(upload_key(held->id()), held->interruptible());
  if (original.status().code() == Code::not_found) {
    resolve_missing_original(*held);
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
  if (lease.attempt() > options_.max_attempts) {
    conclude({*held, *decoded, original->body.size()}, FailureSource::job, poisoned(lease));
    return std::nullopt;
  }
  const Result<ImageFormat> format = format_of(original->body);
  if (!format.ok()) {
    const bool can_be_read = format.status().code() != Code::unavailable;
    conclude({*held, *decoded, original->body.size()},
             can_be_read ? FailureSource::job : FailureSource::infrastructure, format.status());
    return std::nullopt;
  }
  decoded->format = *format;
  parts_.metrics.observe(metric::kJobSeconds, seconds(parts_.clock.now() - started), {"fetch"});
  step(WorkerStep::fetched);
  return FetchedJob{std::move(held), std::move(decoded).value(), std::move(original->body)};
}

// A result that cannot be read is as good as none while the original is there to make it again.
Result<std::optional<JobResult>> JobProcessor::existing_result(HeldLease& lease) {
  ASSIGN_OR_RETURN(const OpContext context, lease.fenced());
  Result<std::optional<JobResult>> result = read_result(parts_.store, lease.id(), context);
  if (result.status().code() != Code::corrupt_input) return result;
  ASSIGN_OR_RETURN(const bool upload, object_exists(parts_.store, upload_key(lease.id()), context));
  if (!upload) return result;
  parts_.log.error("damaged result removed, the job is done again",
                   {{"job_id", lease.id()}, {"detail", result.status().to_string()}});
  RETURN_IF_ERROR(parts_.store.remove(result_key(lease.id()), context));
  return std::optional<JobResult>();
}

void JobProcessor::resolve_missing_original(HeldLease& lease) {
  const Result<std::optional<JobResult>> result = existing_result(lease);
  Status status = result.status();
  if (result.ok() && *result) {
    status = complete(lease, **result);
  } else if (result.ok()) {
    parts_.log.error("original missing: the job has neither original nor result",
                     {{"job_id", lease.id()}, {"attempt", lease.lease().attempt()}});
    const Result<OpContext> context = lease.fenced();
    status = context.ok() ? lease.lease().ack(*context) : context.status();
    if (status.ok()) {
      count("original_missing", Code::not_found);
      step(WorkerStep::settled);
    }
  }
  if (!status.ok()) put_off(lease, FailureSource::infrastructure, status, AttemptCost::free);
}

DecodedJob JobProcessor::decode(FetchedJob fetched) {
  HeldLease& lease = *fetched.lease;
  const SteadyTime begun = parts_.clock.now();
  publish(lease.lease(), JobState::running, Code::ok);
  Result<Thumbnails> thumbs = parts_.thumbnailer.make({.source = fetched.original,
                                                       .format = fetched.job.format,
                                                       .renditions = fetched.job.renditions,
                                                       .limits = options_.limits},
                                                      lease.interruptible());
  const SteadyTime::duration taken = parts_.clock.now() - begun;
  parts_.metrics.observe(metric::kJobSeconds, seconds(taken), {"decode"});
  step(WorkerStep::decoded);
  return {std::move(fetched), std::move(thumbs), taken};
}

void JobProcessor::finish(DecodedJob job) {
  const SteadyTime begun = parts_.clock.now();
  HeldLease& lease = *job.fetched.lease;
  const Subject subject{lease, job.fetched.job, job.fetched.original.size(), job.decode_time};
  if (!job.thumbs.ok()) {
    conclude(subject, FailureSource::decoder, job.thumbs.status());
    return;
  }
  Status status = store_thumbs(lease, *job.thumbs);
  if (status.ok()) {
    const Result<JobResult> result = store_result(job.fetched, std::move(job.thumbs).value());
    parts_.metrics.observe(metric::kJobSeconds, seconds(parts_.clock.now() - begun), {"store"});
    status = result.ok() ? complete(lease, *result, job.decode_time) : result.status();
  }
  if (!status.ok()) conclude(subject, FailureSource::infrastructure, status);
}

Status JobProcessor::store_thumbs(HeldLease& lease, const Thumbnails& thumbs) {
  for (const MadeRendition& made : thumbs.renditions) {
    RETURN_IF_ERROR(lease.live());
    PutOptions options;
    options.content_type = image_format_info(made.facts.format).media_type;
    const std::string key = thumb_key(lease.id(), made.facts.name, made.facts.format);
    RETURN_IF_ERROR(parts_.store.put(key, made.bytes, options, lease.interruptible())
                        .with_context("storing a rendition"));
  }
  step(WorkerStep::thumbs_stored);
  return Status();
}

// Returns the result that counts: this one, or the one that was there first.
Result<JobResult> JobProcessor::store_result(const FetchedJob& fetched, Thumbnails thumbs) {
  HeldLease& lease = *fetched.lease;
  JobResult result;
  result.name = fetched.job.name;
  result.created = fetched.job.created;
  result.source_format = fetched.job.format;
  result.source_size = thumbs.source_size;
  result.source_bytes = fetched.original.size();
  result.attempts = lease.lease().attempt();
  for (MadeRendition& made : thumbs.renditions) {
    made.facts.size_bytes = made.bytes.size();
    result.renditions.push_back(std::move(made.facts));
  }
  if (fetched.job.keep_original) {
    ASSIGN_OR_RETURN(const OpContext context, lease.fenced());
    const Status kept =
        parts_.store.copy(upload_key(lease.id()), original_key(lease.id()), context);
    // Gone: the job was deleted or finished by another, and the put of the result will say so.
    if (kept.code() != Code::not_found) RETURN_IF_ERROR(kept.with_context("keeping the original"));
    result.kept_original = kept.ok();
  }
  result.finished = parts_.clock.wall_now();
  ASSIGN_OR_RETURN(const OpContext context, lease.fenced());
  const Status written = write_result(parts_.store, lease.id(), result, context);
  if (written.code() == Code::conflict) {
    ASSIGN_OR_RETURN(const std::optional<JobResult> first, existing_result(lease));
    if (!first) return Status(Code::unavailable, "the result changed while it was being stored");
    return *first;
  }
  RETURN_IF_ERROR(written.with_context("storing the result"));
  step(WorkerStep::result_stored);
  return result;
}

// What is left to do once a result stands, whoever wrote it.
Status JobProcessor::complete(HeldLease& held, const JobResult& result,
                              SteadyTime::duration decode_time) {
  const std::string& id = held.id();
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
  ASSIGN_OR_RETURN(const OpContext settling, held.fenced());
  Lease& lease = held.lease();
  const Code code = result.done() ? Code::ok : result.failure->code;
  const bool dead = !result.done() && !tombstone;
  RETURN_IF_ERROR(dead ? lease.bury(code, settling) : lease.ack(settling));
  troubles_ = 0;
  if (tombstone) return Status();
  count(dead ? "failed" : "done", code);
  parts_.metrics.observe(metric::kJobSeconds, seconds(parts_.clock.now() - lease.leased_at()),
                         {"total"});
  parts_.metrics.observe(metric::kJobEndToEndSeconds, seconds(result.finished - result.created));
  parts_.log.info(dead ? "job failed" : "job done",
                  {{"job_id", id},
                   {"code", code_name(code)},
                   {"detail", dead ? result.failure->message : std::string()},
                   {"attempt", lease.attempt()},
                   {"renditions", result.renditions.size()}});
  publish(lease, dead ? JobState::failed : JobState::done, code,
          std::chrono::duration_cast<std::chrono::microseconds>(decode_time / options_.threads));
  step(WorkerStep::settled);
  return Status();
}

Status JobProcessor::fail(const Subject& subject, const Status& why) {
  HeldLease& lease = subject.lease;
  ASSIGN_OR_RETURN(const OpContext copying, lease.fenced());
  const Status copied = parts_.store.copy(upload_key(lease.id()), dead_key(lease.id()), copying);
  if (copied.code() == Code::not_found) {
    resolve_missing_original(lease);
    return Status();
  }
  RETURN_IF_ERROR(copied.with_context("writing the dead letter"));
  JobResult result;
  result.name = subject.job.name;
  result.created = subject.job.created;
  result.finished = parts_.clock.wall_now();
  result.source_format = subject.job.format;
  result.source_bytes = subject.source_bytes;
  result.attempts = std::min(lease.lease().attempt(), options_.max_attempts);
  result.failure = JobFailure{why.code(), why.message()};
  ASSIGN_OR_RETURN(const OpContext writing, lease.fenced());
  const Status written = write_result(parts_.store, lease.id(), result, writing);
  if (written.code() == Code::conflict) {
    ASSIGN_OR_RETURN(const std::optional<JobResult> first, existing_result(lease));
    if (!first) return Status(Code::unavailable, "the result changed while it was being stored");
    if (first->done()) RETURN_IF_ERROR(parts_.store.remove(dead_key(lease.id()), writing));
    return complete(lease, *first, subject.decode_time);
  }
  RETURN_IF_ERROR(written.with_context("storing the failed result"));
  step(WorkerStep::result_stored);
  return complete(lease, result, subject.decode_time);
}

void JobProcessor::conclude(const Subject& subject, FailureSource source, const Status& failure) {
  HeldLease& lease = subject.lease;
  if (!lease.live().ok() || failure.code() == Code::lease_lost) {
    drop(lease);
    return;
  }
  const Verdict verdict = judge(
      {.source = source,
       .code = failure.code(),
       .attempt = lease.lease().attempt(),
       .last_failure = lease.lease().last_failure(),
       .age =
           std::chrono::duration_cast<milliseconds>(parts_.clock.wall_now() - subject.job.created)},
      {options_.max_attempts, options_.max_decoder_crashes, options_.give_up_after});
  switch (verdict) {
    case Verdict::hand_back:
      hand_back(lease);
      return;
    case Verdict::retry_free:
      put_off(lease, source, failure, AttemptCost::free);
      return;
    case Verdict::retry_counted:
      put_off(lease, source, failure, AttemptCost::counted);
      return;
    case Verdict::fail:
      break;
  }
  // Failing takes the store and the queue as well. When they refuse, the job is put off rather than
  // failed again: its next delivery comes to the same end.
  const Status failed = fail(subject, failure);
  if (!failed.ok()) put_off(lease, FailureSource::infrastructure, failed, AttemptCost::free);
}

void JobProcessor::put_off(HeldLease& held, FailureSource source, const Status& failure,
                           AttemptCost cost) {
  Lease& lease = held.lease();
  if (source == FailureSource::infrastructure && is_infrastructure(source, failure.code())) {
    breaker_.suspect({.deadline = parts_.clock.now() + kCheckTime, .job_id = lease.id()});
  }
  const bool free = cost == AttemptCost::free;
  const int tries = free ? 1 + troubles_++ / static_cast<int>(options_.threads) : lease.attempt();
  const milliseconds delay = options_.backoff.delay(tries, parts_.random);
  // A crash stays on the image's account through whatever the infrastructure does in between.
  // A store's time-out must not look like the decoder's when it comes back.
  Code why = failure.code();
  if (free && is_decoder_crash(lease.last_failure())) {
    why = lease.last_failure();
  } else if (source == FailureSource::infrastructure && is_decoder_crash(why)) {
    why = Code::unavailable;
  }
  const Result<OpContext> context = held.fenced();
  const Status settled = context.ok() ? lease.retry(delay, why, cost, *context) : context.status();
  if (settled.code() == Code::lease_lost) {
    drop(held);
    return;
  }
  parts_.log.warning("try failed, the job is put off", {{"job_id", held.id()},
                                                        {"code", code_name(failure.code())},
                                                        {"detail", failure.to_string()},
                                                        {"attempt", lease.attempt()},
                                                        {"delay_ms", std::int64_t{delay.count()}},
                                                        {"settled", settled.ok()}});
  // Unsettled, the lease runs out and the job is delivered again all the same.
  count("retried", failure.code());
  publish(held.lease(), JobState::queued, failure.code());
}

void JobProcessor::hand_back(HeldLease& held) {
  const Result<OpContext> context = held.fenced();
  const Status settled = context.ok() ? held.lease().hand_back(*context) : context.status();
  if (settled.code() == Code::lease_lost) {
    drop(held);
    return;
  }
  parts_.log.info("job handed back", {{"job_id", held.id()}, {"settled", settled.ok()}});
  count("handed_back", Code::cancelled);
  publish(held.lease(), JobState::queued, Code::ok);
}

void JobProcessor::drop(const HeldLease& lease) {
  parts_.log.warning("lease lost, the job is left to whoever has it", {{"job_id", lease.id()}});
  count("lease_lost", Code::lease_lost);
}

}  // namespace thumbmill
