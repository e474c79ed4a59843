#include "service/depth_reader.h"

#include <utility>

namespace thumbmill {

DepthReader::DepthReader(Ask ask, Clock& clock)
    : ask_(std::move(ask)), clock_(clock), thread_([this] { run(); }) {}

DepthReader::~DepthReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.request_stop();
  changed_.notify_all();
  thread_.join();
}

Result<QueueDepth> DepthReader::read() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++asked_;
  changed_.notify_all();
  const bool answered = clock_.wait_until(lock, changed_, clock_.now() + kPatience,
                                          [&] { return answered_ >= mine || stopping_; });
  if (answered && outcome_.ok() && depth_) return *depth_;
  if (depth_ && clock_.now() - known_at_ <= kMostAge) return *depth_;
  if (answered && !outcome_.ok()) return outcome_;
  return Status(Code::unavailable, "the queue does not answer");
}

void DepthReader::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    clock_.wait_until(lock, changed_, SteadyTime::max(),
                      [this] { return stopping_ || asked_ > answered_; });
    if (stopping_) return;
    const std::uint64_t asked = asked_;
    lock.unlock();
    Result<QueueDepth> depth = ask_({.stop = stop_.get_token()});
    lock.lock();
    answered_ = asked;
    outcome_ = depth.status();
    if (depth.ok()) {
      depth_ = *depth;
      known_at_ = clock_.now();
    }
    changed_.notify_all();
  }
}

}  // namespace thumbmill
