#include "notify/event_fan_out.h"

#include <algorithm>
#include <vector>

namespace thumbmill {

// One listener. Ended under order_ by other threads, so that no call of it is running afterwards;
// a listener that ends itself or another on the delivering thread is under order_ already.
class EventFanOut::Listening final : public Subscription {
 public:
  Listening(EventFanOut& fan_out, Notifier::Listener listener)
      : fan_out_(fan_out), listener_(std::move(listener)) {}

  ~Listening() override {
    bool delivering_here = false;
    {
      const std::lock_guard lock(fan_out_.mutex_);
      fan_out_.subscriptions_.erase(this);
      delivering_here = fan_out_.delivering_ == std::this_thread::get_id();
    }
    if (!delivering_here) const std::lock_guard wait_for_running_call(fan_out_.order_);
  }

  void call(const JobEvent& event) const { listener_(event); }

 private:
  EventFanOut& fan_out_;
  const Notifier::Listener listener_;
};

void EventFanOut::publish(JobEvent event) {
  const std::lock_guard in_order(order_);
  std::vector<Listening*> listeners;
  {
    const std::lock_guard lock(mutex_);
    event.sequence = ++sequence_;
    remembered_.push_back(event);
    if (remembered_.size() > kRemembered) remembered_.pop_front();
    for (const auto& [subscription, id] : subscriptions_) {
      if (id.empty() || id == event.id) listeners.push_back(subscription);
    }
    delivering_ = std::this_thread::get_id();
  }
  for (Listening* listener : listeners) {
    {
      const std::lock_guard lock(mutex_);
      if (!subscriptions_.contains(listener)) continue;  // ended by a listener before it
    }
    listener->call(event);
  }
  const std::lock_guard lock(mutex_);
  delivering_ = {};
}

std::unique_ptr<Subscription> EventFanOut::subscribe(const std::string& id,
                                                     Notifier::Listener listener) {
  auto subscription = std::make_unique<Listening>(*this, std::move(listener));
  const std::lock_guard lock(mutex_);
  subscriptions_.emplace(subscription.get(), id);
  return subscription;
}

std::uint64_t EventFanOut::last_sequence() const {
  const std::lock_guard lock(mutex_);
  return sequence_;
}

EventPage EventFanOut::events_after(std::uint64_t after, const std::string& id,
                                    std::size_t most) const {
  const std::lock_guard lock(mutex_);
  EventPage page;
  page.last = std::min(after, sequence_);
  const std::uint64_t forgotten = sequence_ - remembered_.size();
  page.gap = page.last < forgotten;
  page.last = std::max(page.last, forgotten);
  while (page.last < sequence_ && page.events.size() < most) {
    const JobEvent& event = remembered_[page.last - forgotten];
    if (id.empty() || id == event.id) page.events.push_back(event);
    ++page.last;
  }
  return page;
}

}  // namespace thumbmill
