// Gatherer: lets calls that come at the same time be carried out together, as one round trip or one
// transaction. Has no thread of its own: whichever caller comes first carries out the others'.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace thumbmill {

/// Thread-safe. `Call` holds what is asked and takes the answer.
template <typename Call>
class Gatherer {
 public:
  /// Carries out calls, at least one; writes the answer into each. Must not throw. Runs on the
  /// thread of one of the callers, one group at a time.
  using CarryOut = std::function<void(const std::vector<Call*>& group)>;

  /// Groups hold `most` calls at the most.
  Gatherer(std::size_t most, CarryOut carry_out) : most_(most), carry_out_(std::move(carry_out)) {}

  /// Returns when `call` has been carried out, maybe together with others. Calls are carried out in
  /// the order in which they come. Cannot be given up half-way: the call could take effect all the
  /// same, and its caller not know.
  void run(Call& call) {
    Waiter own{.call = &call};
    std::unique_lock lock(mutex_);
    waiting_.push_back(&own);
    while (!own.finished) {
      if (busy_) {
        own.wake.wait(lock);
        continue;
      }
      busy_ = true;
      const std::vector<Waiter*> group = take_group();
      lock.unlock();
      carry_out_(calls_of(group));
      lock.lock();
      busy_ = false;
      // Under the lock, for a waiter is gone as soon as its thread has seen that it is finished.
      for (Waiter* done : group) {
        done->finished = true;
        done->wake.notify_one();
      }
      if (!waiting_.empty()) waiting_.front()->wake.notify_one();
    }
  }

  /// How many calls wait for the group before them.
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  struct Waiter {
    Call* call;
    bool finished = false;              // guarded by mutex_
    std::condition_variable wake = {};  // finished, or its thread is the next to carry out
  };

  std::vector<Waiter*> take_group() {
    const auto end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), most_));
    std::vector<Waiter*> group(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    return group;
  }

  static std::vector<Call*> calls_of(const std::vector<Waiter*>& group) {
    std::vector<Call*> calls;
    calls.reserve(group.size());
    for (const Waiter* waiter : group) calls.push_back(waiter->call);
    return calls;
  }

  const std::size_t most_;
  const CarryOut carry_out_;
  mutable std::mutex mutex_;
  std::deque<Waiter*> waiting_;  // guarded by mutex_; each on its caller's stack
  bool busy_ = false;            // guarded by mutex_
};

}  // namespace thumbmill
