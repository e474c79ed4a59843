#include "service/unqueued_uploads.h"

#include <utility>

namespace thumbmill {

UnqueuedUploads::UnqueuedUploads(JobQueue& queue, Metrics& metrics, Logger& log, Clock& clock)
    : queue_(queue), metrics_(metrics), log_(log), clock_(clock) {
  metrics_.set(metric::kUploadsAwaitingQueue, 0);
}

void UnqueuedUploads::start() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || thread_.joinable()) return;
  thread_ = std::thread([this] { run(); });
}

void UnqueuedUploads::stop() {
  std::thread ended;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ended.swap(thread_);
  }
  stop_.request_stop();
  changed_.notify_all();
  if (ended.joinable()) ended.join();
}

void UnqueuedUploads::add(const JobId& id, std::string_view caller) {
  {
    const std::lock_guard lock(mutex_);
    if (uploads_.size() == kMost) return;
    uploads_.push_back({id, std::string(caller)});
    metrics_.set(metric::kUploadsAwaitingQueue, static_cast<double>(uploads_.size()));
  }
  changed_.notify_all();
}

std::uint64_t UnqueuedUploads::count() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

void UnqueuedUploads::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    clock_.wait_until(lock, changed_, SteadyTime::max(),
                      [this] { return stopping_ || !uploads_.empty(); });
    clock_.wait_until(lock, changed_, clock_.now() + kInterval, [this] { return stopping_; });
    if (!stopping_) queue_some(lock);
  }
}

void UnqueuedUploads::queue_some(std::unique_lock<std::mutex>& lock) {
  std::int64_t queued = 0;
  while (!uploads_.empty() && !stopping_) {
    const Upload upload = uploads_.front();
    lock.unlock();
    const bool taken =
        queue_.enqueue(upload.id.text(), upload.caller, {.stop = stop_.get_token()}).ok();
    lock.lock();
    if (!taken) break;
    ++queued;
    uploads_.pop_front();
    metrics_.set(metric::kUploadsAwaitingQueue, static_cast<double>(uploads_.size()));
  }
  if (queued == 0) return;
  log_.info("uploads queued that had waited for the queue",
            {{"queued", queued}, {"waiting", static_cast<std::int64_t>(uploads_.size())}});
}

}  // namespace thumbmill
