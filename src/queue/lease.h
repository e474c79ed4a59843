// Lease: the right to work on one job for a while. Part of the JobQueue port.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/status.h"

namespace thumbmill {

/// What a queue knows of one leased job. Immutable once leased.
struct LeaseTicket {
  std::string id;                ///< the job: any text, as it was found in the queue
  std::string token;             ///< the queue's own: tells this lease from earlier ones of the job
  int attempt = 1;               ///< which counted try this is, from 1; see AttemptCost
  Code last_failure = Code::ok;  ///< the code given to the latest retry(), ok when there was none
  SteadyTime leased_at{};
  std::string payload = {};  ///< what the producer said of the job; empty where it is just an id
};

/// Whether a try counts towards a job's limit of attempts.
enum class AttemptCost { counted, free };

/// What a JobQueue does for its leases. Thread-safe. Every call returns lease_lost when the ticket
/// is no longer the job's current lease, and then has changed nothing.
class LeaseBackend {
 public:
  virtual ~LeaseBackend() = default;
  virtual Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                        const OpContext& context) = 0;
  virtual Status ack(const LeaseTicket& ticket, const OpContext& context) = 0;
  virtual Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
                       AttemptCost cost, const OpContext& context) = 0;
  virtual Status hand_back(const LeaseTicket& ticket, const OpContext& context) = 0;
  virtual Status bury(const LeaseTicket& ticket, Code why, const OpContext& context) = 0;
};

/// A leased job; move-only, settled at most once. One that is dropped unsettled runs out by itself
/// and the job is delivered again. extend() may be called by another thread than the settling
/// calls; everything else is for one thread at a time. Must not outlive its queue.
class Lease {
 public:
  Lease(LeaseTicket ticket, LeaseBackend& backend)
      : state_(std::make_unique<State>(std::move(ticket), backend)) {}

  const std::string& id() const { return state_->ticket.id; }
  int attempt() const { return state_->ticket.attempt; }
  Code last_failure() const { return state_->ticket.last_failure; }
  SteadyTime leased_at() const { return state_->ticket.leased_at; }
  const std::string& payload() const { return state_->ticket.payload; }
  bool settled() const { return state_->settled; }

  /// Makes the lease last `ttl` from now. lease_lost.
  Status extend(std::chrono::milliseconds ttl, const OpContext& context) {
    return state_->backend.extend(state_->ticket, ttl, context);
  }

  /// The job has ended: takes it off the queue. Durable on return. lease_lost.
  Status ack(const OpContext& context) {
    return settle(state_->backend.ack(state_->ticket, context));
  }

  /// The try failed: deliver the job again after `delay`. `why` comes back as last_failure().
  Status retry(std::chrono::milliseconds delay, Code why, AttemptCost cost,
               const OpContext& context) {
    return settle(state_->backend.retry(state_->ticket, delay, why, cost, context));
  }

  /// Not worked on: deliver it again at once, to anyone, without counting this try.
  Status hand_back(const OpContext& context) {
    return settle(state_->backend.hand_back(state_->ticket, context));
  }

  /// The job is a dead letter: keep it, deliver it no more until enqueue() revives it.
  Status bury(Code why, const OpContext& context) {
    return settle(state_->backend.bury(state_->ticket, why, context));
  }

 private:
  struct State {
    State(LeaseTicket t, LeaseBackend& b) : ticket(std::move(t)), backend(b) {}
    LeaseTicket ticket;
    LeaseBackend& backend;
    std::atomic<bool> settled = false;
  };

  Status settle(Status status) {
    if (status.ok()) state_->settled = true;
    return status;
  }

  std::unique_ptr<State> state_;  // on the heap so that a lease keeper may hold on while it moves
};

}  // namespace thumbmill
