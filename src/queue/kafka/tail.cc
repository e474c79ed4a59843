#include "queue/kafka/tail.h"

#include <algorithm>

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
                                        {"auto.offset.reset", "earliest"},
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

Status KafkaTail::begin(const std::vector<PartitionId>& partitions, const std::string& kept,
                        int timeout_ms) {
  {
    const std::lock_guard lock(mutex_);
    if (begun_) return Status();
  }
  ASSIGN_OR_RETURN(const auto marks, kafka_committed(*handle_, partitions, timeout_ms));
  const KafkaList list = kafka_list(partitions);
  {
    const std::lock_guard lock(mutex_);
    if (begun_) return Status();
    begun_ = true;
    kept_ = kept;
    for (int i = 0; i < list->cnt; ++i) {
      const PartitionId id{list->elems[i].topic, list->elems[i].partition};
      partitions_[id].next = list->elems[i].offset = marks.at(id).offset;
    }
  }
  return kafka_status(rd_kafka_assign(handle_.get(), list.get()), "reading the topics");
}

bool KafkaTail::begun() {
  const std::lock_guard lock(mutex_);
  return begun_;
}

void KafkaTail::run() {
  while (!ending_) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) take_in(*message);
  }
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
  std::vector<PartitionId> all;
  std::vector<PartitionId> worked;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : partitions_) {
      all.push_back(entry.first);
      if (entry.first.topic != kept_) worked.push_back(entry.first);
    }
  }
  const int timeout_ms = kafka_timeout_ms(context, clock_);
  // The ends first: what is committed before them has been in the topics.
  ASSIGN_OR_RETURN(const auto ends, kafka_edges(*handle_, all, RD_KAFKA_OFFSET_END, timeout_ms));
  ASSIGN_OR_RETURN(const auto marks, kafka_committed(*handle_, worked, timeout_ms));
  const std::stop_callback wake(context.stop, [&] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (const auto& [id, mark] : marks) {
    Partition& partition = partitions_[id];
    drop_before(partition, mark.offset);
    partition.next = std::max(partition.next, mark.offset);
  }
  const SteadyTime give_up = std::min(context.deadline, clock_.now() + kRefreshTimeout);
  const bool read = clock_.wait_until(lock, changed_, give_up, [&] {
    return context.stop.stop_requested() || std::all_of(ends.begin(), ends.end(), [&](auto& end) {
             return partitions_[end.first].next >= end.second;
           });
  });
  RETURN_IF_ERROR(context.check(clock_));
  return read ? Status() : Status(Code::unavailable, "the queue is away", "Kafka: reading is late");
}

std::vector<FoundRecord> KafkaTail::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::vector<FoundRecord> found;
  const auto [first, last] = index_.equal_range(id);
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  return found;
}

}  // namespace thumbmill
