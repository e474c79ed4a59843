#include "service/job_processor.h"

#include <algorithm>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kCheckTime{10};

double seconds(std::chrono::nanoseconds span) {
  return std::max(0.0, std::chrono::duration<double>(span).count());
}

// For how long a try keeps a worker process from others: stages overlap, so it is the slowest one,
// by as many jobs as may be in it at once.
std::chrono::microseconds worker_time(const StageTimes& times, SteadyTime now,
                                      std::size_t threads) {
  if (!times.decoded) return std::chrono::microseconds(0);
  const SteadyTime::duration working =
      (times.decode + (now - *times.decoded)) / static_cast<int>(kWorkersPerDecoder);
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::max({times.fetch, times.decode, working}) / static_cast<int>(threads));
}

}  // namespace

void JobProcessor::step(WorkerStep step) const {
  if (parts_.at_step) parts_.at_step(step);
}

void JobProcessor::observe(std::string_view stage, SteadyTime since) {
  parts_.metrics.observe(metric::kJobSeconds, seconds(parts_.clock.now() - since), {stage});
}

Status JobProcessor::check_tries(const Lease& lease) const {
  if (lease.attempt() <= options_.max_attempts) return Status();
  const Code code = is_decoder_crash(lease.last_failure()) ? lease.last_failure() : Code::internal;
  return Status(code, fmt::format("given up after {} tries, the last of which did not come to an "
                                  "end",
                                  lease.attempt() - 1));
}

JobResult JobProcessor::result_of(const Subject& subject) const {
  JobResult result;
  result.name = subject.job.name;
  result.created = subject.job.created;
  result.source_format = subject.job.format;
  result.source_bytes = subject.source_bytes;
  result.attempts = std::min(subject.lease.lease().attempt(), options_.max_attempts);
  return result;
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

DecodedJob JobProcessor::decode(FetchedJob fetched) {
  HeldLease& lease = *fetched.lease;
  const SteadyTime begun = parts_.clock.now();
  publish(lease.lease(), JobState::running, Code::ok);
  OpContext context = lease.interruptible();
  context.deadline = std::min(context.deadline, fetched.decode_until);
  Result<Thumbnails> thumbs = parts_.thumbnailer.make({.source = fetched.original,
                                                       .format = fetched.job.format,
                                                       .renditions = fetched.job.renditions,
                                                       .limits = options_.limits},
                                                      context);
  const SteadyTime::duration taken = parts_.clock.now() - begun;
  parts_.metrics.observe(metric::kJobSeconds, seconds(taken), {"decode"});
  step(WorkerStep::decoded);
  const StageTimes times{fetched.fetch_time, taken, begun + taken};
  return {std::move(fetched), std::move(thumbs), times};
}

void JobProcessor::finish(DecodedJob job) {
  const Subject subject{*job.fetched.lease, job.fetched.job, job.fetched.original.size(),
                        job.times};
  if (!job.thumbs.ok()) {
    // Another try would have no more time.
    const bool is_late = job.thumbs.status().code() == Code::deadline_exceeded &&
                         job.times.decoded >= job.fetched.decode_until;
    conclude(subject, is_late ? FailureSource::job : FailureSource::decoder, job.thumbs.status());
    return;
  }
  const Status status = store(subject, std::move(job.thumbs).value());
  if (!status.ok()) conclude(subject, FailureSource::infrastructure, status);
}

// When the answer is lost, not the request, the queue has done it and knows nothing of the lease
// any more. So a lease that is lost at the second attempt, and cannot have run out, was settled by
// the first.
Status JobProcessor::settle(HeldLease& held, Code why) {
  ASSIGN_OR_RETURN(const OpContext context, held.fenced());
  const auto attempt = [&] {
    return why == Code::ok ? held.lease().ack(context) : held.lease().bury(why, context);
  };
  const Status first = attempt();
  if (first.code() != Code::unavailable) return first;
  const Status second = attempt();
  return second.code() == Code::lease_lost ? Status() : second;
}

void JobProcessor::announce(HeldLease& held, const JobResult& result, const StageTimes& times) {
  const Lease& lease = held.lease();
  const Code code = result.done() ? Code::ok : result.failure->code;
  troubles_ = 0;
  breaker_.record_success();
  count(result.done() ? "done" : "failed", code);
  observe("total", lease.leased_at());
  parts_.metrics.observe(metric::kJobEndToEndSeconds, seconds(result.finished - result.created));
  parts_.log.info(result.done() ? "job done" : "job failed",
                  {{"job_id", lease.id()},
                   {"code", code_name(code)},
                   {"detail", result.done() ? std::string() : result.failure->message},
                   {"attempt", lease.attempt()},
                   {"renditions", result.renditions.size()}});
  publish(lease, result.done() ? JobState::done : JobState::failed, code,
          worker_time(times, parts_.clock.now(), options_.threads));
  step(WorkerStep::settled);
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
      put_off(lease, source, failure, AttemptCost::free, subject.times);
      return;
    case Verdict::retry_counted:
      put_off(lease, source, failure, AttemptCost::counted, subject.times);
      return;
    case Verdict::fail:
      break;
  }
  // Failing takes the store and the queue as well. When they refuse, the job is put off rather than
  // failed again: its next delivery comes to the same end.
  const Status failed = fail(subject, failure);
  if (failed.ok()) return;
  put_off(lease, FailureSource::infrastructure, failed, AttemptCost::free, subject.times);
}

void JobProcessor::put_off(HeldLease& held, FailureSource source, const Status& failure,
                           AttemptCost cost, const StageTimes& times) {
  Lease& lease = held.lease();
  const bool infrastructure =
      source == FailureSource::infrastructure && is_infrastructure(source, failure.code());
  if (infrastructure) {
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
  // The queue works, so it was the store.
  if (infrastructure && settled.ok()) breaker_.record_failure(failure);
  parts_.log.warning("try failed, the job is put off", {{"job_id", held.id()},
                                                        {"code", code_name(failure.code())},
                                                        {"detail", failure.to_string()},
                                                        {"attempt", lease.attempt()},
                                                        {"delay_ms", std::int64_t{delay.count()}},
                                                        {"settled", settled.ok()}});
  // Unsettled, the lease runs out and the job is delivered again all the same.
  count("retried", failure.code());
  publish(held.lease(), JobState::queued, failure.code(),
          worker_time(times, parts_.clock.now(), options_.threads));
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
