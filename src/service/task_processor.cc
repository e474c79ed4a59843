#include "service/task_processor.h"

#include <fmt/format.h>

#include "service/original.h"

namespace thumbmill {

std::optional<FetchedJob> TaskProcessor::fetch(std::shared_ptr<HeldLease> held) {
  step(WorkerStep::leased);
  const SteadyTime started = parts_.clock.now();
  if (held->lease().attempt() > 1) parts_.metrics.add(metric::kRedeliveries, 1);
  Job job;
  job.created = parts_.clock.wall_now();  // messages do not tell when they were sent
  job.renditions = options_.task_renditions;
  FailureSource source = FailureSource::job;
  Result<FetchedJob> fetched = read(held, job, source);
  if (!fetched.ok()) {
    conclude({*held, job}, source, fetched.status());
    return std::nullopt;
  }
  observe("fetch", started);
  step(WorkerStep::fetched);
  fetched->fetch_time = parts_.clock.now() - started;
  return std::move(fetched).value();
}

// `source`: who a failure is of.
Result<FetchedJob> TaskProcessor::read(std::shared_ptr<HeldLease> lease, Job job,
                                       FailureSource& source) {
  ASSIGN_OR_RETURN(const ImageTask task, tasks_.task(lease->lease()));
  job.name = task.source;
  const SteadyTime begun = parts_.clock.now();
  RETURN_IF_ERROR(check_tries(lease->lease()));
  Result<Object> image = parts_.store.get(task.source, lease->interruptible());
  if (image.status().code() == Code::not_found) {
    return Status(Code::not_found, fmt::format("there is no image {}", task.source));
  }
  if (!image.ok()) source = FailureSource::infrastructure;
  RETURN_IF_ERROR(image.status());
  Result<ImageFormat> format = format_of(image->body, options_.formats);
  if (format.status().code() == Code::unavailable) source = FailureSource::infrastructure;
  ASSIGN_OR_RETURN(job.format, std::move(format));
  FetchedJob fetched{std::move(lease), std::move(job), std::move(image->body)};
  if (task.time_limit) fetched.decode_until = begun + *task.time_limit;
  return fetched;
}

Status TaskProcessor::store(const Subject& subject, Thumbnails thumbs) {
  const SteadyTime begun = parts_.clock.now();
  HeldLease& held = subject.lease;
  ASSIGN_OR_RETURN(const ImageTask task, tasks_.task(held.lease()));
  JobResult result = result_of(subject);
  std::vector<MadeThumbnail> made;
  for (MadeRendition& rendition : thumbs.renditions) {
    RETURN_IF_ERROR(held.live());
    const ImageFormatInfo& info = image_format_info(rendition.facts.format);
    PutOptions options;
    options.content_type = info.media_type;
    rendition.facts.size_bytes = rendition.bytes.size();
    made.push_back({task.target_key(rendition.facts.name, info.extension), rendition.facts});
    RETURN_IF_ERROR(
        parts_.store.put(made.back().key, rendition.bytes, options, held.interruptible())
            .with_context("storing a thumbnail"));
    result.renditions.push_back(std::move(rendition.facts));
  }
  step(WorkerStep::thumbs_stored);
  ASSIGN_OR_RETURN(const OpContext context, held.fenced());
  RETURN_IF_ERROR(tasks_.report_done(held.lease(), made, context));
  step(WorkerStep::result_stored);
  observe("store", begun);
  RETURN_IF_ERROR(settle(held));
  // Last: a task that came again without its image would fail.
  if (task.remove_source) {
    const Status removed = parts_.store.remove(task.source, context);
    if (!removed.ok()) {
      parts_.log.warning(
          "the image of a done task stays",
          {{"job_id", held.id()}, {"key", task.source}, {"detail", removed.to_string()}});
    }
  }
  step(WorkerStep::original_removed);
  result.finished = parts_.clock.wall_now();
  announce(held, result, subject.times);
  return Status();
}

Status TaskProcessor::fail(const Subject& subject, const Status& why) {
  HeldLease& held = subject.lease;
  JobResult result = result_of(subject);
  result.failure = JobFailure{why.code(), why.message()};
  result.finished = parts_.clock.wall_now();
  ASSIGN_OR_RETURN(const OpContext context, held.fenced());
  RETURN_IF_ERROR(tasks_.report_failed(held.lease(), *result.failure, context));
  step(WorkerStep::result_stored);
  RETURN_IF_ERROR(settle(held, why.code()));
  announce(held, result, subject.times);
  return Status();
}

}  // namespace thumbmill
