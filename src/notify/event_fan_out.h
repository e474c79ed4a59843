// EventFanOut: numbers events and hands them to the listeners of this process. What every Notifier
// is made of; it knows no other process.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "notify/notifier.h"

namespace thumbmill {

/// Thread-safe. Remembers the last kRemembered events. A listener may drop any subscription, its
/// own too.
class EventFanOut {
 public:
  static constexpr std::size_t kRemembered = 4096;

  /// As Notifier's.
  void publish(JobEvent event);
  std::unique_ptr<Subscription> subscribe(const std::string& id, Notifier::Listener listener);
  std::uint64_t last_sequence() const;
  EventPage events_after(std::uint64_t after, const std::string& id, std::size_t most) const;

 private:
  class Listening;

  std::mutex order_;  // held while listeners run: events reach every listener in order of sequence
  std::thread::id delivering_;  // guarded by mutex_; the thread that holds order_
  mutable std::mutex mutex_;
  std::uint64_t sequence_ = 0;       // guarded by mutex_
  std::deque<JobEvent> remembered_;  // up to sequence_, without a gap; guarded by mutex_
  std::map<Listening*, std::string> subscriptions_;  // to the id listened to; guarded by mutex_
};

}  // namespace thumbmill
