#include "notify/local/local_notifier.h"

#include <vector>

namespace thumbmill {

// One listener. Ended under order_ by other threads, so that no call of it is running afterwards;
// a listener that ends itself or another on the delivering thread is under order_ already.
class LocalNotifier::LocalSubscription final : public Subscription {
 public:
  LocalSubscription(LocalNotifier& notifier, Listener listener)
      : notifier_(notifier), listener_(std::move(listener)) {}

  ~LocalSubscription() override {
    bool delivering_here = false;
    {
      const std::lock_guard lock(notifier_.mutex_);
      notifier_.subscriptions_.erase(this);
      delivering_here = notifier_.delivering_ == std::this_thread::get_id();
    }
    if (!delivering_here) const std::lock_guard wait_for_running_call(notifier_.order_);
  }

  void call(const JobEvent& event) const { listener_(event); }

 private:
  LocalNotifier& notifier_;
  const Listener listener_;
};

void LocalNotifier::publish(JobEvent event) {
  const std::lock_guard in_order(order_);
  std::vector<LocalSubscription*> listeners;
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
  for (LocalSubscription* listener : listeners) {
    {
      const std::lock_guard lock(mutex_);
      if (!subscriptions_.contains(listener)) continue;  // ended by a listener before it
    }
    listener->call(event);
  }
  const std::lock_guard lock(mutex_);
  delivering_ = {};
}

std::unique_ptr<Subscription> LocalNotifier::subscribe(const std::string& id,
                                                       std::optional<std::uint64_t> after,
                                                       Listener listener) {
  const std::lock_guard in_order(order_);
  auto subscription = std::make_unique<LocalSubscription>(*this, std::move(listener));
  std::vector<JobEvent> missed;
  {
    const std::lock_guard lock(mutex_);
    subscriptions_.emplace(subscription.get(), id);
    if (after) {
      for (const JobEvent& event : remembered_) {
        if (event.sequence > *after && (id.empty() || id == event.id)) missed.push_back(event);
      }
    }
  }
  for (const JobEvent& event : missed) subscription->call(event);
  return subscription;
}

}  // namespace thumbmill
