// LocalNotifier: a Notifier within one process.
#pragma once

#include "notify/event_fan_out.h"

namespace thumbmill {

/// Thread-safe. Remembers the last EventFanOut::kRemembered events for subscribers that resume. A
/// listener may drop any subscription, its own too.
class LocalNotifier final : public Notifier {
 public:
  void publish(JobEvent event) override { fan_out_.publish(std::move(event)); }
  std::unique_ptr<Subscription> subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                          Listener listener) override {
    return fan_out_.subscribe(id, after, std::move(listener));
  }

 private:
  EventFanOut fan_out_;
};

}  // namespace thumbmill
