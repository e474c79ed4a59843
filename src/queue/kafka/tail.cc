#include "queue/kafka/tail.h"

#include <algorithm>

#include "kafka/topics.h"

namespace thumbmill {
namespace {

constexpr int kPollMs = 100;
constexpr const char* kFetchWaitMs = "100";
// For an index that is read from nothing: a backlog of a million takes seconds.
constexpr std::chrono::seconds kRefreshTimeout{30};

}  // namespace

Result<std::unique_ptr<KafkaTail>> KafkaTail::open(const KafkaOptions& options, Clock& clock) {
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                   kafka_conf(options, {{"group.id", options.name(options.group)},
                                        {"enable.auto.commit", "false"},
                                        {"enable.auto.offset.store", "false"},
                                        {"auto.offset.reset", "error"},  // take_error()
                                        {"fetch.wait.max.ms", kFetchWaitMs}}));
  std::unique_ptr<KafkaTail> tail(new KafkaTail(clock));
  ASSIGN_OR_RETURN(tail->handle_, open_kafka(RD_KAFKA_CONSUMER, std::move(conf), nullptr));
  rd_kafka_poll_set_consumer(tail->handle_.get());
  tail->reader_ = std::thread([self = tail.get()] { self->run(); });
  return tail;
}

KafkaTail::~KafkaTail() {
  ending_ = true;
  if (reader_.joinable()) reader_.join();
  if (handle_) rd_kafka_consumer_close(handle_.get());
}

Status KafkaTail::begin(const std::vector<PartitionId>& partitions, int timeout_ms) {
  if (begun()) return Status();
  ASSIGN_OR_RETURN(const auto marks, kafka_committed(*handle_, partitions, timeout_ms));
  const KafkaList list = kafka_list(partitions);
  for (int i = 0; i < list->cnt; ++i) {
    list->elems[i].offset = marks.at({list->elems[i].topic, list->elems[i].partition}).offset;
  }
  const std::lock_guard lock(mutex_);
  if (begun_) return Status();
  // Tells librdkafka's thread, and waits for no broker.
  RETURN_IF_ERROR(
      kafka_status(*handle_, rd_kafka_assign(handle_.get(), list.get()), "reading the topics"));
  begun_ = true;
  for (const auto& [id, mark] : marks) partitions_[id].next = mark.offset;
  return Status();
}

bool KafkaTail::begun() {
  const std::lock_guard lock(mutex_);
  return begun_;
}

bool KafkaTail::covers(const std::vector<PartitionId>& partitions) {
  const std::lock_guard lock(mutex_);
  return !outdated_ && partitions.size() == partitions_.size() &&
         std::all_of(partitions.begin(), partitions.end(),
                     [&](const PartitionId& id) { return partitions_.contains(id); });
}

void KafkaTail::run() {
  while (!ending_) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      take_in(*message);
    } else {
      take_error(*message);
    }
  }
}

// A topic has gone, or the record to read next has: what comes in its place is numbered anew.
void KafkaTail::take_error(const rd_kafka_message_t& message) {
  // Of everything else librdkafka tries again.
  if (message.err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && !is_of_deleted_topic(message.err)) {
    return;
  }
  const std::lock_guard lock(mutex_);
  outdated_ = true;
  changed_.notify_all();
}

void KafkaTail::take_in(const rd_kafka_message_t& message) {
  const PartitionId id{rd_kafka_topic_name(message.rkt), message.partition};
  JobRecord record = from_message(message);
  const std::lock_guard lock(mutex_);
  Partition& partition = partitions_[id];
  if (message.offset < partition.next) return;
  partition.next = message.offset + 1;
  FoundRecord found{id, message.offset, record.attempts, record.due};
  partition.records.push_back(index_.emplace(std::move(record.id), std::move(found)));
  changed_.notify_all();
}

void KafkaTail::drop_before(Partition& partition, std::int64_t offset) {
  while (!partition.records.empty() && partition.records.front()->second.offset < offset) {
    index_.erase(partition.records.front());
    partition.records.pop_front();
  }
}

Status KafkaTail::refresh(const OpContext& context) {
  std::map<PartitionId, std::int64_t> read;
  std::vector<PartitionId> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, partition] : partitions_) {
      all.push_back(id);
      read[id] = partition.next;
    }
  }
  const int timeout_ms = kafka_timeout_ms(context, clock_);
  // The ends first: what is committed before them has been in the topics.
  ASSIGN_OR_RETURN(const auto ends, kafka_edges(*handle_, all, RD_KAFKA_OFFSET_END, timeout_ms));
  ASSIGN_OR_RETURN(const auto marks, kafka_committed(*handle_, all, timeout_ms));
  const std::stop_callback wake(context.stop, [&] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (const auto& [id, end] : ends) outdated_ = outdated_ || end < read[id];
  for (const auto& [id, mark] : marks) {
    Partition& partition = partitions_[id];
    drop_before(partition, mark.offset);
    partition.next = std::max(partition.next, mark.offset);
  }
  const SteadyTime give_up = std::min(context.deadline, clock_.now() + kRefreshTimeout);
  const bool is_read = clock_.wait_until(lock, changed_, give_up, [&] {
    return outdated_ || context.stop.stop_requested() ||
           std::all_of(ends.begin(), ends.end(),
                       [&](auto& end) { return partitions_[end.first].next >= end.second; });
  });
  RETURN_IF_ERROR(context.check(clock_));
  if (outdated_) {
    return Status(Code::unavailable, "the queue is away", "Kafka: topics are being made again");
  }
  return is_read ? Status()
                 : Status(Code::unavailable, "the queue is away", "Kafka: reading is late");
}

std::vector<FoundRecord> KafkaTail::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::vector<FoundRecord> found;
  const auto [first, last] = index_.equal_range(id);
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  return found;
}

}  // namespace thumbmill
