#include "api/job_wait.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace thumbmill {
namespace {

// How often the Catalog is read while waiting: what the Notifier missed is found that late.
constexpr std::chrono::seconds kRecheck{2};
// How long such a reading may take.
constexpr std::chrono::seconds kReadTime{10};

// One wait. Thread-safe. Held by the timer of its next check, which always comes; the listeners
// hold it weakly, because it owns their subscriptions.
class JobWait final : public std::enable_shared_from_this<JobWait> {
 public:
  JobWait(const JobWaitParts& parts, std::vector<std::string> ids, SteadyTime deadline,
          Responder responder, const OpContext& context, JobWaitAnswer answer)
      : parts_(parts),
        ids_(std::move(ids)),
        deadline_(deadline),
        context_(context),
        answer_(std::move(answer)),
        running_(ids_.begin(), ids_.end()),
        responder_(std::move(responder)) {}

  void start() {
    std::vector<std::unique_ptr<Subscription>> subscriptions;
    for (const std::string& id : ids_) {
      subscriptions.push_back(
          parts_.notifier.subscribe(id, [weak = weak_from_this()](const JobEvent& event) {
            if (const auto self = weak.lock()) self->on_event(event);
          }));
    }
    {
      const std::lock_guard lock(mutex_);
      if (responder_) subscriptions_.swap(subscriptions);
    }
    check(false);
  }

 private:
  void on_event(const JobEvent& event) {
    if (!is_terminal(event.state)) return;
    std::optional<Responder> responder;
    {
      const std::lock_guard lock(mutex_);
      if (running_.erase(event.id) == 0 || !running_.empty()) return;
      responder = responder_;
    }
    // On the publisher's thread: reading the Catalog and ending subscriptions is for the pool.
    if (responder) {
      responder->at(parts_.clock.now(), [self = shared_from_this()] { self->check(false); });
    }
  }

  // Reads how the jobs are; answers, or arranges the next check unless this one was for an event.
  void check(bool out_of_time) {
    OpContext context = context_;
    context.deadline = std::max(context.deadline, parts_.clock.now() + kReadTime);
    std::vector<Result<JobView>> views;
    bool ended = true;
    for (const std::string& id : ids_) {
      views.push_back(parts_.catalog.find(id, context));
      ended = ended && (!views.back().ok() || is_terminal(views.back()->state));
    }
    if (ended || out_of_time || parts_.clock.now() >= deadline_) {
      finish(views);
    } else {
      schedule();
    }
  }

  void schedule() {
    std::optional<Responder> responder;
    const SteadyTime when = std::min(deadline_, parts_.clock.now() + kRecheck);
    {
      const std::lock_guard lock(mutex_);
      if (timer_set_) return;
      timer_set_ = true;
      responder = responder_;
    }
    if (!responder) return;
    responder->at(when, [self = shared_from_this(), when] { self->on_timer(when); });
  }

  void on_timer(SteadyTime when) {
    {
      const std::lock_guard lock(mutex_);
      timer_set_ = false;
      if (!responder_) return;
    }
    // Before its time means that there is nothing to wait for: answer with what there is.
    check(parts_.clock.now() < when);
  }

  void finish(const std::vector<Result<JobView>>& views) {
    std::vector<std::unique_ptr<Subscription>> subscriptions;
    std::optional<Responder> responder;
    {
      const std::lock_guard lock(mutex_);
      subscriptions.swap(subscriptions_);
      responder.swap(responder_);
    }
    if (responder) responder->respond(answer_(views));
  }

  const JobWaitParts parts_;
  const std::vector<std::string> ids_;
  const SteadyTime deadline_;
  const OpContext context_;
  const JobWaitAnswer answer_;

  std::mutex mutex_;
  std::set<std::string> running_;       // guarded by mutex_; no terminal event of these has come
  std::optional<Responder> responder_;  // guarded by mutex_; nothing once answered
  bool timer_set_ = false;              // guarded by mutex_
  std::vector<std::unique_ptr<Subscription>> subscriptions_;  // guarded by mutex_
};

}  // namespace

bool is_terminal(JobState state) {
  return state == JobState::done || state == JobState::failed || state == JobState::deleted;
}

void answer_when_ended(const JobWaitParts& parts, std::vector<std::string> ids, SteadyTime deadline,
                       Responder responder, const OpContext& context, JobWaitAnswer answer) {
  std::make_shared<JobWait>(parts, std::move(ids), deadline, std::move(responder), context,
                            std::move(answer))
      ->start();
}

Result<std::chrono::seconds> parse_wait(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 60) {
    return Status(Code::invalid_argument,
                  fmt::format("wait \"{}\" is not allowed: 0 to 60 seconds", text));
  }
  return std::chrono::seconds(value);
}

}  // namespace thumbmill
