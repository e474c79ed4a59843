// CeleryQueue: the tasks that Celery 5 producers publish on Redis, as jobs for our workers. Celery
// workers may take from the same queue: both keep what they work on in kombu's own structures, so
// that either restores what the other has left. docs/formats/queue-celery.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "metrics/foreign_records.h"
#include "queue/celery/celery_message.h"
#include "queue/celery/celery_options.h"
#include "queue/celery/celery_results.h"
#include "queue/celery/celery_scripts.h"
#include "queue/celery/revoked_tasks.h"
#include "queue/task_source.h"
#include "redis/client.h"

namespace thumbmill {

/// Thread-safe. Every lease must be gone before the queue. A message that is not for us, or cannot
/// be read, is moved to the list `<queue>.refused`, and its task has failed; one that expired or
/// was revoked is dropped, and its task revoked, as Celery does.
class CeleryQueue final : public TaskSource, public LeaseBackend {
 public:
  /// Succeeds also while the server is away: calls are unavailable until it is back. What it is
  /// given outlives the queue.
  CeleryQueue(CeleryOptions options, Clock& clock, Random& random, Metrics& metrics, Logger& log);

  Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                   std::chrono::milliseconds wait,
                                   const OpContext& context) override;
  Status check(const OpContext& context) override;

  Result<ImageTask> task(const Lease& lease) override;
  Status report_done(const Lease& lease, const std::vector<MadeThumbnail>& made,
                     const OpContext& context) override;
  Status report_failed(const Lease& lease, const JobFailure& failure,
                       const OpContext& context) override;

  // For its leases. Tokens are a delivery tag and a number.
  Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                const OpContext& context) override;
  Status ack(const LeaseTicket& ticket, const OpContext& context) override;
  Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
               AttemptCost cost, const OpContext& context) override;
  Status hand_back(const LeaseTicket& ticket, const OpContext& context) override;
  /// Moves the message to the list `<queue>.dead`.
  Status bury(const LeaseTicket& ticket, Code why, const OpContext& context) override;

 private:
  enum class Claimed { nothing, something };

  Result<RedisReply> run(const RedisScript& script, std::vector<std::string> arguments,
                         const OpContext& context);
  Status settle(const RedisScript& script, const LeaseTicket& ticket,
                std::vector<std::string> arguments, const OpContext& context);
  /// Takes one message; a lease comes of it when it is for us, and now.
  Result<Claimed> claim(std::chrono::milliseconds ttl, std::vector<Lease>& leases);
  std::string moved_to_refused(std::string_view why) const;
  /// Ends a task that is not to be done any more; `why` in Celery's words.
  Status revoke(const LeaseTicket& ticket, const CeleryMessage& message, std::string_view why);
  Status admit(LeaseTicket ticket, std::vector<Lease>& leases);
  Status refuse(const LeaseTicket& ticket, const CeleryMessage& message,
                const CeleryException& answer);
  Status set_aside(const LeaseTicket& ticket, std::string_view why);
  void warn_of_unread_lists(const OpContext& context);

  const CeleryOptions options_;
  const CeleryScripts scripts_;
  const std::vector<std::string> keys_;
  const std::vector<std::string> unread_lists_;
  Clock& clock_;
  Logger& log_;
  ForeignRecords foreign_;
  RedisConnector connector_;
  RedisClient client_;
  CeleryResults results_;
  RevokedTasks revoked_;
  std::atomic<SteadyTime> look_for_unread_at_ = SteadyTime::min();
  std::atomic<std::int64_t> sweep_from_ = 0;  // where the next look at `unacked_index` begins
};

}  // namespace thumbmill
