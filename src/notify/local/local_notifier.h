// LocalNotifier: a Notifier within one process.
#pragma once

#include "notify/event_fan_out.h"

namespace thumbmill {

/// Thread-safe. Remembers the last EventFanOut::kRemembered events. A listener may drop any
/// subscription, its own too.
class LocalNotifier final : public Notifier {
 public:
  void publish(JobEvent event) override { fan_out_.publish(std::move(event)); }
  std::unique_ptr<Subscription> subscribe(const std::string& id, Listener listener) override {
    return fan_out_.subscribe(id, std::move(listener));
  }
  std::uint64_t last_sequence() const override { return fan_out_.last_sequence(); }
  EventPage events_after(std::uint64_t after, const std::string& id,
                         std::size_t most) const override {
    return fan_out_.events_after(after, id, most);
  }

 private:
  EventFanOut fan_out_;
};

}  // namespace thumbmill
