#include "service/dependency.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// Between two checks in any case.
constexpr milliseconds kLeastPause{250};

bool tells_of_absence(Code code) {
  return code == Code::unavailable || code == Code::deadline_exceeded;
}

std::int64_t whole_seconds(SteadyTime::duration span) {
  return std::chrono::duration_cast<std::chrono::seconds>(span).count();
}

}  // namespace

Dependency::Dependency(DependencyOptions options, Check check, Metrics& metrics, Logger& log,
                       Clock& clock)
    : options_(std::move(options)),
      check_(std::move(check)),
      metrics_(metrics),
      log_(log),
      clock_(clock) {}

void Dependency::start() {
  std::unique_lock lock(mutex_);
  if (stopping_ || thread_.joinable()) return;
  since_ = clock_.now();
  check_now(lock);
  thread_ = std::thread([this] { run(); });
}

void Dependency::stop() {
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

Status Dependency::status() const {
  const std::lock_guard lock(mutex_);
  if (stopping_) return Status();
  return is_overdue() ? no_answer("its check has not come back") : state_;
}

Status Dependency::if_silent() const {
  const std::lock_guard lock(mutex_);
  if (stopping_) return Status();
  if (is_overdue()) return no_answer("its check has not come back");
  return silent_ ? state_ : Status();
}

void Dependency::suspect() {
  {
    const std::lock_guard lock(mutex_);
    suspected_ = true;
  }
  changed_.notify_all();
}

// Checks respect their deadline as well as they can.
bool Dependency::is_overdue() const {
  return check_began_ && clock_.now() - *check_began_ > 2 * options_.patience;
}

Status Dependency::no_answer(std::string detail) const {
  return Status(Code::unavailable, fmt::format("the {} does not answer", options_.name),
                std::move(detail));
}

void Dependency::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const SteadyTime next = next_check();
    wakes_at_ = next;
    clock_.wait_until(lock, changed_, next, [&] { return stopping_ || next_check() < next; });
    if (!stopping_ && clock_.now() >= next_check()) check_now(lock);
  }
}

SteadyTime Dependency::next_check() const {
  const milliseconds pause = kLeastPause * (1 << std::min(failures_, 5));
  if (!state_.ok()) return checked_ + std::min<milliseconds>(pause, kAwayInterval);
  if (suspected_) return checked_ + pause;
  SteadyTime next = checked_ + options_.interval;
  // An answer to one call vouches for all that were on their way.
  for (const CallInFlight* call : calls_) {
    next = std::min(next, std::max({call->began(), answered_, checked_}) + options_.patience / 2);
  }
  return next;
}

void Dependency::check_now(std::unique_lock<std::mutex>& lock) {
  suspected_ = false;
  const SteadyTime began = clock_.now();
  check_began_ = began;
  lock.unlock();
  Status found = check_({.deadline = began + options_.patience, .stop = stop_.get_token()});
  lock.lock();
  check_began_.reset();
  checked_ = clock_.now();
  if (!stopping_) set_state(std::move(found), checked_ - began);
}

void Dependency::set_state(Status found, SteadyTime::duration took) {
  const bool changes = found.ok() != state_.ok();
  silent_ = !found.ok() && took >= options_.patience / 2;
  if (found.code() == Code::deadline_exceeded) found = no_answer(found.to_string());
  failures_ = found.ok() ? 0 : failures_ + 1;
  if (found.ok()) answered_ = checked_;
  state_ = std::move(found);
  metrics_.set(metric::kDependencyUp, state_.ok() ? 1 : 0, {options_.name});
  if (changes || (!state_.ok() && checked_ - logged_ >= kLogInterval)) log_state(checked_);
  if (changes) since_ = checked_;
  if (!silent_) return;
  for (CallInFlight* call : calls_) call->abandon();
}

void Dependency::log_state(SteadyTime now) {
  logged_ = now;
  const std::int64_t lasted = whole_seconds(now - since_);
  if (state_.ok()) {
    log_.info(fmt::format("the {} can be used again", options_.name), {{"away_seconds", lasted}});
    return;
  }
  const bool first = failures_ == 1;
  log_.error(fmt::format("the {} cannot be used", options_.name),
             {{"detail", state_.to_string()}, {"away_seconds", first ? 0 : lasted}});
}

Dependency::CallInFlight::CallInFlight(Dependency& dependency, const OpContext& context)
    : dependency_(dependency),
      callers_stop_(context.stop),
      context_(context),
      began_(dependency.clock_.now()),
      pass_on_(context.stop, [this] { stop_.request_stop(); }) {
  context_.stop = stop_.get_token();
  bool is_looked_at_late = false;
  {
    const std::lock_guard lock(dependency.mutex_);
    dependency.calls_.insert(this);
    is_looked_at_late = began_ + dependency.options_.patience / 2 < dependency.wakes_at_;
  }
  // Of the calls of a while only the first wakes the thread.
  if (is_looked_at_late) dependency.changed_.notify_all();
}

Dependency::CallInFlight::~CallInFlight() {
  const std::lock_guard lock(dependency_.mutex_);
  dependency_.calls_.erase(this);
}

Status Dependency::CallInFlight::end(const Status& outcome) {
  const Code code = outcome.code();
  if (code == Code::cancelled && stop_.stop_requested() && !callers_stop_.stop_requested()) {
    const std::lock_guard lock(dependency_.mutex_);
    return dependency_.no_answer("the call was ended when a check had got no answer");
  }
  if (tells_of_absence(code)) {
    dependency_.suspect();
  } else if (code != Code::cancelled) {
    const std::lock_guard lock(dependency_.mutex_);
    dependency_.answered_ = dependency_.clock_.now();
  }
  return outcome;
}

}  // namespace thumbmill
