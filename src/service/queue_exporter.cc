#include "service/queue_exporter.h"

#include <array>

namespace thumbmill {
namespace {

constexpr std::string_view kRole = "janitor";

constexpr std::array kGauges{
    &metric::kQueueReady,   &metric::kQueueRunning,   &metric::kQueueDelayed,  &metric::kQueueDead,
    &metric::kQueueBacklog, &metric::kQueueOldestAge, &metric::kWorkersDesired};

}  // namespace

void QueueExporter::start() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || thread_.joinable()) return;
  renew();
  thread_ = std::thread([this] { run(); });
}

void QueueExporter::stop() {
  std::thread ended;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ended.swap(thread_);
  }
  stop_.request_stop();
  changed_.notify_all();
  if (!ended.joinable()) return;
  ended.join();
  if (!leads_.exchange(false)) return;
  clear_gauges();
  OpContext context;
  context.deadline = parts_.clock.now() + kInterval;
  // Else it ends by itself after kLeadTime.
  const Status released = parts_.leadership.release(kRole, context);
  if (!released.ok()) parts_.log.debug("lead not given up", {{"detail", released.to_string()}});
}

void QueueExporter::run() {
  std::unique_lock lock(mutex_);
  const auto stopping = [this] { return stopping_; };
  SteadyTime next = parts_.clock.now();
  while (!parts_.clock.wait_until(lock, changed_, next, stopping)) {
    lock.unlock();
    renew();
    if (leads_) set_gauges();
    next = parts_.clock.now() + kInterval;
    lock.lock();
  }
}

void QueueExporter::renew() {
  const Result<bool> held = parts_.leadership.hold(kRole, kLeadTime, {.stop = stop_.get_token()});
  const bool leads = held.ok() && *held;
  note_unknown(held.status());
  if (leads == leads_.exchange(leads)) return;
  if (leads) {
    parts_.log.info("leading: this process sweeps and exports the queue's gauges");
    return;
  }
  clear_gauges();
  if (stop_.stop_requested()) return;
  parts_.log.info("not leading any more", {{"detail", held.status().to_string()}});
}

void QueueExporter::note_unknown(const Status& held) {
  const SteadyTime now = parts_.clock.now();
  SteadyTime since = now;
  {
    const std::lock_guard lock(answer_mutex_);
    last_answer_ = held;
    if (held.ok()) {
      unknown_since_.reset();
    } else if (!unknown_since_) {
      unknown_since_ = now;
      next_warning_ = now + kUnknownFor;
    }
    since = unknown_since_.value_or(now);
  }
  if (held.ok() || now < next_warning_ || stop_.stop_requested()) return;
  next_warning_ = now + kUnknownFor;
  const auto unknown_for = std::chrono::duration_cast<std::chrono::seconds>(now - since);
  parts_.log.warning(
      "it is not known which process leads: perhaps nobody sweeps",
      {{"seconds", std::int64_t{unknown_for.count()}}, {"detail", held.to_string()}});
}

Status QueueExporter::check() const {
  const std::lock_guard lock(answer_mutex_);
  if (!unknown_since_ || parts_.clock.now() - *unknown_since_ < kUnknownFor) return Status();
  return last_answer_.with_context("asking which process leads");
}

void QueueExporter::set_gauges() {
  const Result<QueueDepth> depth = parts_.depth({.stop = stop_.get_token()});
  if (!depth.ok()) {
    if (stop_.stop_requested()) return;
    clear_gauges();  // no figure is better than a stale one: alerts see its absence
    parts_.log.warning("queue depth unknown", {{"detail", depth.status().to_string()}});
    return;
  }
  Metrics& metrics = parts_.metrics;
  metrics.set(metric::kQueueReady, static_cast<double>(depth->ready));
  metrics.set(metric::kQueueRunning, static_cast<double>(depth->running));
  metrics.set(metric::kQueueDelayed, static_cast<double>(depth->delayed));
  metrics.set(metric::kQueueDead, static_cast<double>(depth->dead));
  metrics.set(metric::kQueueBacklog, static_cast<double>(depth->backlog()));
  const auto age = depth->oldest_age.value_or(std::chrono::milliseconds(0));
  metrics.set(metric::kQueueOldestAge, std::chrono::duration<double>(age).count());
  metrics.set(metric::kWorkersDesired, parts_.workload.workers_desired(*depth));
}

void QueueExporter::clear_gauges() {
  for (const Metric* gauge : kGauges) parts_.metrics.clear(*gauge);
}

}  // namespace thumbmill
