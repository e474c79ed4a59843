#include "queue/kafka/kafka_queue.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// What is known of the topics is asked again after so long.
constexpr milliseconds kKnownFor{1'000};
// Publishing that failed counts for so long, unless it succeeds before. Then somebody has to try.
constexpr milliseconds kFailureLasts{5'000};
// A lease lasts so long still after its settling could not be published.
constexpr milliseconds kLeaseAfterFailure{10'000};

// Topics of jobs that wait, by how long. Their records come due nearly in order, so that one that
// waits long does not hold up those behind it.
struct RetryTier {
  std::string_view name;
  milliseconds longest;
};
constexpr std::array<RetryTier, 3> kRetryTiers{{{"retry.10s", milliseconds(10'000)},
                                                {"retry.1m", milliseconds(60'000)},
                                                {"retry.10m", milliseconds(600'000)}}};

std::vector<std::string> work_topics(const KafkaOptions& options) {
  std::vector<std::string> names{options.name("jobs")};
  for (const RetryTier& tier : kRetryTiers) names.push_back(options.name(tier.name));
  return names;
}

// Jobs that are delayed longer than the last tier are in it as well.
LongestDelays longest_delays(const KafkaOptions& options, milliseconds longest) {
  LongestDelays delays{{options.name("jobs"), milliseconds(0)}};
  for (const RetryTier& tier : kRetryTiers) delays[options.name(tier.name)] = tier.longest;
  milliseconds& last = delays[options.name(kRetryTiers.back().name)];
  last = std::max(last, longest);
  return delays;
}

std::vector<KafkaTopic> all_topics(const KafkaOptions& options) {
  std::vector<KafkaTopic> topics;
  for (const std::string& name : work_topics(options)) topics.push_back({name, options.partitions});
  topics.push_back({options.name("dead"), 1});
  return topics;
}

Status lost(const LeaseTicket& ticket) {
  return Status(Code::lease_lost, fmt::format("job {} belongs to another worker now", ticket.id));
}

// Of several records of one job, the one furthest on its way says what the job is doing.
bool is_further(const QueuedJob& a, const QueuedJob& b) {
  const auto rank = [](QueuedState state) {
    switch (state) {
      case QueuedState::running:
        return 3;
      case QueuedState::ready:
        return 2;
      case QueuedState::delayed:
        return 1;
      case QueuedState::dead:
        break;
    }
    return 0;
  };
  return rank(a.state) > rank(b.state);
}

}  // namespace

Result<std::unique_ptr<KafkaQueue>> KafkaQueue::open(KafkaOptions options, Clock& clock,
                                                     Logger& log, KafkaQueueTuning tuning) {
  std::unique_ptr<KafkaQueue> queue(new KafkaQueue(std::move(options), clock, log, tuning));
  ASSIGN_OR_RETURN(queue->producer_, KafkaProducer::open(queue->options_, clock));
  return queue;
}

KafkaQueue::KafkaQueue(KafkaOptions options, Clock& clock, Logger& log, KafkaQueueTuning tuning)
    : options_(std::move(options)),
      tuning_(tuning),
      work_topics_(work_topics(options_)),
      dead_topic_(options_.name("dead")),
      clock_(clock),
      log_(log),
      topics_(all_topics(options_), options_.replication, log) {}

Result<std::vector<PartitionId>> KafkaQueue::partitions(rd_kafka_t& handle,
                                                        const std::vector<std::string>& topics,
                                                        const OpContext& context) {
  const int timeout_ms = kafka_timeout_ms(context, clock_);
  RETURN_IF_ERROR(topics_.ensure(producer_->handle(), timeout_ms));
  Result<std::vector<PartitionId>> found = kafka_partitions(handle, topics, timeout_ms);
  if (!found.ok()) topics_.invalidate();
  return found;
}

Result<KafkaConsumer*> KafkaQueue::consumer(const OpContext& context) {
  RETURN_IF_ERROR(topics_.ensure(producer_->handle(), kafka_timeout_ms(context, clock_)));
  KafkaConsumer* consumer = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!consumer_) {
      ASSIGN_OR_RETURN(
          consumer_, KafkaConsumer::open(options_, longest_delays(options_, tuning_.longest_delay),
                                         tuning_, clock_, log_));
    }
    consumer = consumer_.get();
  }
  if (!tuning_.alone) {
    RETURN_IF_ERROR(consumer->join());
    return consumer;
  }
  ASSIGN_OR_RETURN(const auto ids, partitions(producer_->handle(), work_topics_, context));
  RETURN_IF_ERROR(consumer->take(ids, kafka_timeout_ms(context, clock_)));
  ASSIGN_OR_RETURN(const auto ends, kafka_edges(producer_->handle(), ids, RD_KAFKA_OFFSET_END,
                                                kafka_timeout_ms(context, clock_)));
  RETURN_IF_ERROR(consumer->read_to(ends));
  return consumer;
}

Result<std::shared_ptr<KafkaTail>> KafkaQueue::tail() {
  const std::lock_guard lock(mutex_);
  if (!tail_) {
    ASSIGN_OR_RETURN(tail_, KafkaTail::open(options_, clock_));
  }
  return tail_;
}

Status KafkaQueue::publish(const std::string& topic, const JobRecord& record,
                           const OpContext& context) {
  RETURN_IF_ERROR(topics_.ensure(producer_->handle(), kafka_timeout_ms(context, clock_)));
  Status status = producer_->publish(topic, record.id, to_headers(record), context);
  if (!status.ok()) topics_.invalidate();
  if (status.code() == Code::cancelled) return status;
  const std::lock_guard lock(mutex_);
  published_ = status;
  published_at_ = clock_.now();
  return status;
}

Result<bool> KafkaQueue::enqueue(std::string_view id, std::string_view /*caller*/,
                                 const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  JobRecord record;
  record.id = id;
  record.first_enqueued = clock_.wall_now();
  RETURN_IF_ERROR(publish(work_topics_[0], record, context));
  return true;
}

Result<std::vector<Lease>> KafkaQueue::lease(std::size_t most, milliseconds ttl, milliseconds wait,
                                             const OpContext& context) {
  const SteadyTime deadline = std::min(context.deadline, clock_.now() + wait);
  std::vector<Lease> leases;
  if (most == 0 || context.stop.stop_requested()) return leases;
  ASSIGN_OR_RETURN(KafkaConsumer * worker, consumer(context));
  for (LeaseTicket& ticket : worker->lease(most, ttl, deadline, context)) {
    leases.emplace_back(std::move(ticket), *this);
  }
  return leases;
}

Result<std::shared_ptr<KafkaTail>> KafkaQueue::fresh_tail(const OpContext& context) {
  ASSIGN_OR_RETURN(std::shared_ptr<KafkaTail> found, tail());
  const SteadyTime asked_at = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (!tuning_.alone && asked_at < fresh_until_) return found;
  }
  std::vector<std::string> topics = work_topics_;
  topics.push_back(dead_topic_);
  ASSIGN_OR_RETURN(const auto ids, partitions(found->handle(), topics, context));
  if (found->begun() && !found->covers(ids)) {
    const std::shared_ptr<KafkaTail> replaced = std::move(found);  // goes after the lock
    ASSIGN_OR_RETURN(found, KafkaTail::open(options_, clock_));
    const std::lock_guard lock(mutex_);
    tail_ = found;
    fresh_until_ = SteadyTime::min();
  }
  RETURN_IF_ERROR(found->begin(ids, kafka_timeout_ms(context, clock_)));
  RETURN_IF_ERROR(found->refresh(context));
  const std::lock_guard lock(mutex_);
  fresh_until_ = asked_at + kKnownFor;
  return found;
}

Result<std::optional<QueuedJob>> KafkaQueue::find(std::string_view id, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  ASSIGN_OR_RETURN(const std::shared_ptr<KafkaTail> index, fresh_tail(context));
  KafkaConsumer* worker = nullptr;
  {
    const std::lock_guard lock(mutex_);
    worker = consumer_.get();
  }
  std::optional<QueuedJob> best;
  for (const FoundRecord& found : index->find(std::string(id))) {
    std::optional<QueuedJob> job = QueuedJob{QueuedState::ready, found.attempts};
    const bool is_delayed =
        found.partition.topic != work_topics_[0] && found.due > clock_.wall_now();
    if (is_delayed) job->state = QueuedState::delayed;
    if (found.partition.topic == dead_topic_) {
      job->state = QueuedState::dead;
    } else if (worker != nullptr) {
      worker->knows(found.partition, found.offset, job);
    }
    if (job && (!best || is_further(*job, *best))) best = job;
  }
  return best;
}

Status KafkaQueue::forget(std::string_view, const OpContext& context) {
  return context.check(clock_);
}

Result<QueueDepth> KafkaQueue::count(const OpContext& context) {
  ASSIGN_OR_RETURN(const std::shared_ptr<KafkaTail> asked, tail());
  rd_kafka_t& handle = asked->handle();
  const int timeout_ms = kafka_timeout_ms(context, clock_);
  ASSIGN_OR_RETURN(const auto work, partitions(handle, work_topics_, context));
  ASSIGN_OR_RETURN(const auto dead, partitions(handle, {dead_topic_}, context));
  ASSIGN_OR_RETURN(const auto committed, kafka_committed(handle, work, timeout_ms));
  ASSIGN_OR_RETURN(const auto ends, kafka_edges(handle, work, RD_KAFKA_OFFSET_END, timeout_ms));
  ASSIGN_OR_RETURN(const auto dead_begins,
                   kafka_edges(handle, dead, RD_KAFKA_OFFSET_BEGINNING, timeout_ms));
  ASSIGN_OR_RETURN(const auto dead_ends,
                   kafka_edges(handle, dead, RD_KAFKA_OFFSET_END, timeout_ms));
  const auto between = [](std::int64_t begin, std::int64_t end) {
    return static_cast<std::uint64_t>(std::max(end - begin, std::int64_t{0}));
  };
  QueueDepth depth;
  for (const auto& [id, end] : ends) {
    std::uint64_t& sum = id.topic == work_topics_[0] ? depth.ready : depth.delayed;
    sum += between(committed.at(id).offset, end);
  }
  for (const auto& [id, end] : dead_ends) depth.dead += between(dead_begins.at(id), end);
  return depth;
}

Result<QueueDepth> KafkaQueue::depth(const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  const SteadyTime asked_at = clock_.now();
  QueueDepth depth;
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    depth = counted_;
    known = !tuning_.alone && asked_at < counted_until_;
  }
  if (!known) {
    ASSIGN_OR_RETURN(depth, count(context));
  }
  const std::lock_guard lock(mutex_);
  counted_ = depth;
  counted_until_ = known ? counted_until_ : asked_at + kKnownFor;
  depth.running = std::min<std::uint64_t>(consumer_ ? consumer_->running() : 0, depth.ready);
  depth.ready -= depth.running;
  return depth;
}

Status KafkaQueue::check(const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  const int timeout_ms = kafka_timeout_ms(context, clock_);
  RETURN_IF_ERROR(topics_.ensure(producer_->handle(), timeout_ms));
  ASSIGN_OR_RETURN(const KafkaTopicState jobs,
                   kafka_topic_state(producer_->handle(), work_topics_[0], timeout_ms));
  if (jobs.is_usable()) return check_publishing(jobs);
  topics_.invalidate();
  return Status(Code::unavailable, "the queue is away",
                jobs.partitions == 0
                    ? fmt::format("Kafka: there is no topic {}", work_topics_[0])
                    : fmt::format("Kafka: {} of {} partitions of {} have no leader, because the "
                                  "brokers that have them are away",
                                  jobs.leaderless, jobs.partitions, work_topics_[0]));
}

Status KafkaQueue::check_publishing(const KafkaTopicState& jobs) {
  const std::lock_guard lock(mutex_);
  if (published_.ok() || clock_.now() - published_at_ >= kFailureLasts) return Status();
  return Status(Code::unavailable, "the queue is away",
                fmt::format("Kafka: no record can be published to {}, which has {} of {} replicas "
                            "in sync (min.insync.replicas of them are needed): {}",
                            work_topics_[0], jobs.in_sync, jobs.replicas, published_.to_string()));
}

Status KafkaQueue::extend(const LeaseTicket& ticket, milliseconds ttl, const OpContext&) {
  return consumer_->extend(ticket, ttl) ? Status() : lost(ticket);
}

Status KafkaQueue::ack(const LeaseTicket& ticket, const OpContext&) {
  return consumer_->finish(ticket) ? Status() : lost(ticket);
}

Status KafkaQueue::hand_back(const LeaseTicket& ticket, const OpContext&) {
  return consumer_->hand_back(ticket) ? Status() : lost(ticket);
}

// Publishes the job elsewhere, and only then finishes its record here: a crash between the two
// leaves the job in both places, never in none.
Status KafkaQueue::move(const LeaseTicket& ticket, const std::string& topic,
                        const JobRecord& record, const OpContext& context) {
  const Status published = publish(topic, record, context);
  if (!published.ok()) {
    // Time to try again, and the job is delivered again if nobody does.
    consumer_->extend(ticket, kLeaseAfterFailure);
    return published;
  }
  // Lost to a rebalance meanwhile: the job is in both places, as after a crash.
  consumer_->finish(ticket);
  return Status();
}

Status KafkaQueue::retry(const LeaseTicket& ticket, milliseconds delay, Code why, AttemptCost cost,
                         const OpContext& context) {
  std::optional<JobRecord> record = consumer_->hold(ticket);
  if (!record) return lost(ticket);
  record->attempts = ticket.attempt - (cost == AttemptCost::free ? 1 : 0);
  record->last_failure = why;
  record->due = clock_.wall_now() + delay;
  const auto tier =
      std::find_if(kRetryTiers.begin(), kRetryTiers.end() - 1,
                   [&](const RetryTier& candidate) { return delay <= candidate.longest; });
  return move(ticket, options_.name(tier->name), *record, context);
}

Status KafkaQueue::bury(const LeaseTicket& ticket, Code why, const OpContext& context) {
  std::optional<JobRecord> record = consumer_->hold(ticket);
  if (!record) return lost(ticket);
  record->attempts = ticket.attempt;
  record->last_failure = why;
  return move(ticket, dead_topic_, *record, context);
}

}  // namespace thumbmill
