// GuardedQueue: any JobQueue whose calls go through a Dependency, so that requests neither wait for
// a queue that does not answer nor pile up behind it. Leases do not: to wait is what they are for.
#pragma once

#include <optional>
#include <vector>

#include "queue/job_queue.h"
#include "service/dependency.h"

namespace thumbmill {

/// Thread-safe. Queue and dependency outlive it.
class GuardedQueue final : public JobQueue {
 public:
  GuardedQueue(JobQueue& queue, Dependency& dependency) : queue_(queue), dependency_(dependency) {}

  using JobQueue::enqueue;
  Result<bool> enqueue(std::string_view id, std::string_view caller,
                       const OpContext& context) override {
    return dependency_.call(
        context, [&](const OpContext& call) { return queue_.enqueue(id, caller, call); });
  }
  Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                   std::chrono::milliseconds wait,
                                   const OpContext& context) override {
    return queue_.lease(most, ttl, wait, context);
  }
  Result<std::optional<QueuedJob>> find(std::string_view id, const OpContext& context) override {
    return dependency_.call(context, [&](const OpContext& call) { return queue_.find(id, call); });
  }
  Status forget(std::string_view id, const OpContext& context) override {
    return dependency_.call(context,
                            [&](const OpContext& call) { return queue_.forget(id, call); });
  }
  Result<QueueDepth> depth(const OpContext& context) override {
    return dependency_.call(context, [&](const OpContext& call) { return queue_.depth(call); });
  }
  Status check(const OpContext&) override { return dependency_.status(); }
  QueueTraits traits() const override { return queue_.traits(); }

 private:
  JobQueue& queue_;
  Dependency& dependency_;
};

}  // namespace thumbmill
