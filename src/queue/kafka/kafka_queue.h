// KafkaQueue: a JobQueue on Kafka topics, shared by any number of processes.
// docs/formats/queue-kafka.md.
//
// What Kafka cannot do is in traits(): a job that is enqueued twice is delivered twice, and none is
// taken out of the middle. Both are harmless, because a worker that finds a job's result only acks.
// A partition is delivered in its order, so that callers do not take turns.
// An ack is durable within a second, not on return: a crash before delivers the job again.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "queue/job_queue.h"
#include "queue/kafka/consumer.h"
#include "queue/kafka/tail.h"

namespace thumbmill {

/// Thread-safe. Every lease must be gone before the queue.
class KafkaQueue final : public JobQueue, public LeaseBackend {
 public:
  /// Succeeds also while the cluster is away: calls are unavailable until it is there. `clock` and
  /// `log` outlive the queue. invalid_argument.
  static Result<std::unique_ptr<KafkaQueue>> open(KafkaOptions options, Clock& clock, Logger& log,
                                                  KafkaQueueTuning tuning = {});

  using JobQueue::enqueue;
  Result<bool> enqueue(std::string_view id, std::string_view caller,
                       const OpContext& context) override;
  /// The first call makes the process a worker: it joins the consumer group.
  Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                   std::chrono::milliseconds wait,
                                   const OpContext& context) override;
  /// The first call reads the whole backlog, and from then on a thread reads what comes.
  Result<std::optional<QueuedJob>> find(std::string_view id, const OpContext& context) override;
  Status forget(std::string_view id, const OpContext& context) override;
  /// `running` is of this process, and so counts as `ready` what other processes work on; a
  /// delayed job that is due counts as delayed until it has been leased. No `oldest_age`.
  Result<QueueDepth> depth(const OpContext& context) override;
  Status check(const OpContext& context) override;
  QueueTraits traits() const override {
    return {.unique = false, .forget = false, .exact_depth = false, .fair = false};
  }

  // For its leases.
  Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                const OpContext& context) override;
  Status ack(const LeaseTicket& ticket, const OpContext& context) override;
  Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
               AttemptCost cost, const OpContext& context) override;
  Status hand_back(const LeaseTicket& ticket, const OpContext& context) override;
  Status bury(const LeaseTicket& ticket, Code why, const OpContext& context) override;

 private:
  KafkaQueue(KafkaOptions options, Clock& clock, Logger& log, KafkaQueueTuning tuning);

  /// The parts that not every process needs, made when first asked for.
  Result<KafkaConsumer*> consumer(const OpContext& context);
  Result<std::shared_ptr<KafkaTail>> tail();
  /// The tail when it has read all that is there now, of all partitions that there are now.
  Result<std::shared_ptr<KafkaTail>> fresh_tail(const OpContext& context);
  /// Makes topics that are missing; then as kafka_partitions().
  Result<std::vector<PartitionId>> partitions(rd_kafka_t& handle,
                                              const std::vector<std::string>& topics,
                                              const OpContext& context);
  /// Makes topics that are missing; then as KafkaProducer::publish().
  Status publish(const std::string& topic, const JobRecord& record, const OpContext& context);
  Status move(const LeaseTicket& ticket, const std::string& topic, const JobRecord& record,
              const OpContext& context);
  Result<QueueDepth> count(const OpContext& context);
  /// Whether the latest record was published, if that was not long ago: that a topic can be asked
  /// for does not mean that it takes records. unavailable.
  Status check_publishing(const KafkaTopicState& jobs);

  const KafkaOptions options_;
  const KafkaQueueTuning tuning_;
  const std::vector<std::string> work_topics_;  // the jobs, then the retry tiers
  const std::string dead_topic_;
  Clock& clock_;
  Logger& log_;
  KafkaTopics topics_;
  std::unique_ptr<KafkaProducer> producer_;

  std::mutex mutex_;
  // Guarded by mutex_. Owned also by the calls that read it while another takes its place.
  std::shared_ptr<KafkaTail> tail_;
  std::unique_ptr<KafkaConsumer> consumer_;       // guarded by mutex_; once made it stays
  SteadyTime fresh_until_ = SteadyTime::min();    // guarded by mutex_: of the tail
  SteadyTime counted_until_ = SteadyTime::min();  // guarded by mutex_
  QueueDepth counted_;                            // guarded by mutex_
  Status published_;                              // guarded by mutex_: how the latest try ended
  SteadyTime published_at_{};                     // guarded by mutex_
};

}  // namespace thumbmill
