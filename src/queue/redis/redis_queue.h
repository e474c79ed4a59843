// RedisQueue: a JobQueue in Redis, shared by any number of processes: Redis 7.0 or later, or
// Valkey. docs/formats/queue-redis.md.
//
// Every change of state is one Lua script. Time is the server's, so that the clocks of workers do
// not matter. Commands share one connection, on which those that come at the same time travel
// together, and leases and acks of the same time are one script; a second connection waits for
// jobs.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/gatherer.h"
#include "base/log.h"
#include "base/random.h"
#include "queue/job_queue.h"
#include "queue/redis/bell.h"
#include "queue/redis/job_scripts.h"
#include "redis/client.h"

namespace thumbmill {

/// Whose time decides when leases end and delays are over.
enum class RedisTime {
  server,     ///< the server's TIME: right for any number of processes
  own_clock,  ///< the Clock's monotonic time, sent along: one process only, or a simulated clock
};

/// What only tests set.
struct RedisQueueTuning {
  RedisTime time = RedisTime::server;
};

/// Thread-safe. Every lease must be gone before the queue.
class RedisQueue final : public JobQueue, public LeaseBackend {
 public:
  /// Succeeds also while the server is away: calls are unavailable until it is back. The server's
  /// settings are looked at, and warned of, when it is first reached. `clock`, `random` and `log`
  /// outlive the queue. invalid_argument.
  static Result<std::unique_ptr<RedisQueue>> open(RedisOptions options, Clock& clock,
                                                  Random& random, Logger& log,
                                                  RedisQueueTuning tuning = {});

  using JobQueue::enqueue;
  Result<bool> enqueue(std::string_view id, std::string_view caller,
                       const OpContext& context) override;
  Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                   std::chrono::milliseconds wait,
                                   const OpContext& context) override;
  Result<std::optional<QueuedJob>> find(std::string_view id, const OpContext& context) override;
  Status forget(std::string_view id, const OpContext& context) override;
  Result<QueueDepth> depth(const OpContext& context) override;
  Status check(const OpContext& context) override;
  QueueTraits traits() const override { return {}; }

  // For its leases.
  Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                const OpContext& context) override;
  Status ack(const LeaseTicket& ticket, const OpContext& context) override;
  Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
               AttemptCost cost, const OpContext& context) override;
  Status hand_back(const LeaseTicket& ticket, const OpContext& context) override;
  Status bury(const LeaseTicket& ticket, Code why, const OpContext& context) override;

 private:
  struct Claim {
    std::vector<Lease> leases;
    SteadyTime next_event = SteadyTime::max();  // when there may be something more
  };

  /// A call of lease() or ack().
  struct Turn {
    std::size_t most = 0;  // leases wanted
    std::chrono::milliseconds ttl{};
    const LeaseTicket* done = nullptr;  // the lease to ack
    Claim claim = {};
    Status status = {};
  };

  RedisQueue(RedisOptions options, Clock& clock, Random& random, Logger& log,
             RedisQueueTuning tuning);

  Result<RedisReply> run(const RedisScript& script, std::vector<std::string> arguments,
                         const OpContext& context, Replicated replicated = Replicated::no);
  /// Runs a script that answers 0 when the lease is lost.
  Status settle(const RedisScript& script, const LeaseTicket& ticket,
                std::vector<std::string> arguments, const OpContext& context,
                Replicated replicated = Replicated::wanted);
  /// One script for all acks and for all leases of the same ttl.
  void take_turns(const std::vector<Turn*>& turns);
  /// One script. All leases are of one ttl; the first turns are served first.
  Status take_together(const std::vector<Turn*>& acks, const std::vector<Turn*>& leases);

  const RedisQueueTuning tuning_;
  const JobScripts scripts_;
  const std::vector<std::string> keys_;
  Clock& clock_;
  RedisConnector connector_;
  RedisClient client_;
  RedisBell bell_;
  Gatherer<Turn> turns_;
};

}  // namespace thumbmill
