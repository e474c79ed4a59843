#include "queue/kafka/consumer.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr int kPollMs = 50;
constexpr int kTakeOverTimeoutMs = 5'000;
constexpr milliseconds kCommitEvery{1'000};
// Between attempts to read the committed offsets: the first delay, and the longest.
constexpr milliseconds kRetryDelay{100};
constexpr milliseconds kMaxRetryDelay{5'000};
constexpr std::chrono::seconds kReadTimeout{30};
// A partition is not read further while so many of its records are unfinished; again at half.
constexpr std::size_t kMostUnfinished = 64;
// A member hears by its heartbeats of others that come and go: shorter means shorter rebalances.
constexpr const char* kHeartbeatMs = "1000";
// How long a broker holds an empty answer back; bounds how late a new record is seen after a pause.
constexpr const char* kFetchWaitMs = "100";
// How soon a member notices topics that were made again and partitions that were added.
constexpr const char* kMetadataRefreshMs = "10000";

std::vector<PartitionId> ids_of(const rd_kafka_topic_partition_list_t& list) {
  std::vector<PartitionId> ids;
  ids.reserve(static_cast<std::size_t>(list.cnt));
  for (int i = 0; i < list.cnt; ++i) ids.push_back({list.elems[i].topic, list.elems[i].partition});
  return ids;
}

KafkaList list_of(const std::map<PartitionId, CommitMark>& marks) {
  KafkaList list(rd_kafka_topic_partition_list_new(static_cast<int>(marks.size())));
  for (const auto& [id, mark] : marks) {
    auto* added = rd_kafka_topic_partition_list_add(list.get(), id.topic.c_str(), id.number);
    added->offset = mark.offset;
    if (mark.started.empty()) continue;
    // librdkafka frees it with the list, by free(3).
    added->metadata = std::malloc(mark.started.size());
    if (added->metadata == nullptr) throw std::bad_alloc();
    added->metadata_size = mark.started.size();
    std::memcpy(added->metadata, mark.started.data(), mark.started.size());
  }
  return list;
}

}  // namespace

// Does what changes the jobs, and wakes those who wait for that.
template <typename Call>
auto KafkaConsumer::changing(Call call) {
  const std::lock_guard lock(mutex_);
  auto result = call();
  ++changes_;
  changed_.notify_all();
  return result;
}

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::open(const KafkaOptions& options,
                                                           LongestDelays topics,
                                                           KafkaQueueTuning tuning, Clock& clock,
                                                           Logger& log) {
  ASSIGN_OR_RETURN(
      KafkaOwned<rd_kafka_conf_t> conf,
      kafka_conf(options, {{"group.id", options.name(options.group)},
                           {"enable.auto.commit", "false"},
                           {"enable.auto.offset.store", "false"},
                           {"auto.offset.reset", "error"},  // run() sees to it
                           {"topic.metadata.refresh.interval.ms", kMetadataRefreshMs},
                           {"partition.assignment.strategy", "cooperative-sticky"},
                           {"session.timeout.ms", std::to_string(tuning.session.count())},
                           {"heartbeat.interval.ms", kHeartbeatMs},
                           {"fetch.wait.max.ms", kFetchWaitMs}}));
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
  std::unique_ptr<KafkaConsumer> consumer(new KafkaConsumer(std::move(topics), tuning, clock, log));
  ASSIGN_OR_RETURN(consumer->handle_,
                   open_kafka(RD_KAFKA_CONSUMER, std::move(conf), consumer.get()));
  rd_kafka_poll_set_consumer(consumer->handle_.get());
  consumer->reader_ = std::thread([self = consumer.get()] { self->run(); });
  return consumer;
}

KafkaConsumer::~KafkaConsumer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (reader_.joinable()) reader_.join();
  if (!handle_) return;
  std::vector<PartitionId> assigned;
  {
    const std::lock_guard lock(mutex_);
    assigned = jobs_.assigned();
  }
  commit(assigned, true);
  rd_kafka_consumer_close(handle_.get());
  // librdkafka before 2.3 aborts the process when it destroys a member of a cooperative group that
  // has joined but was never given an assignment (its issue 4312).
  if (!settled_) static_cast<void>(handle_.release());
}

Status KafkaConsumer::join() {
  const KafkaList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
  for (const auto& entry : topics_) {
    rd_kafka_topic_partition_list_add(list.get(), entry.first.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const std::lock_guard lock(mutex_);
  if (joined_) return Status();
  settled_ = false;
  // Tells librdkafka's thread, and waits for no broker.
  const Status status =
      kafka_status(*handle_, rd_kafka_subscribe(handle_.get(), list.get()), "joining the group");
  joined_ = status.ok();
  if (!joined_) settled_ = true;
  return status;
}

Status KafkaConsumer::take(const std::vector<PartitionId>& partitions, int timeout_ms) {
  {
    const std::lock_guard lock(mutex_);
    if (joined_) return Status();
    joined_ = true;
  }
  const Result<KafkaList> list = begin(partitions, timeout_ms);
  Status status = list.status();
  if (status.ok()) {
    status =
        kafka_status(*handle_, rd_kafka_assign(handle_.get(), list->get()), "taking partitions");
  }
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    joined_ = false;
  }
  return status;
}

// Starts the books of partitions that come to us; returns them with where to read on.
Result<KafkaList> KafkaConsumer::begin(const std::vector<PartitionId>& partitions, int timeout_ms) {
  RETURN_IF_ERROR(kafka_refresh_leaders(*handle_, partitions, timeout_ms));
  ASSIGN_OR_RETURN(auto marks, kafka_committed(*handle_, partitions, timeout_ms));
  KafkaList list = kafka_list(partitions);
  for (int i = 0; i < list->cnt; ++i) {
    list->elems[i].offset = marks.at({list->elems[i].topic, list->elems[i].partition}).offset;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [id, mark] : marks) jobs_.assign(id, mark);
  return list;
}

void KafkaConsumer::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what,
                                 rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& consumer = *static_cast<KafkaConsumer*>(kafka_opaque(self));
  consumer.settled_ = true;
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    consumer.gain(*partitions);
  } else {
    consumer.lose(*partitions);
  }
}

void KafkaConsumer::gain(rd_kafka_topic_partition_list_t& partitions) {
  // Not knowing where to begin would mean to work on finished jobs again: ask until it is known.
  // Should we fall out of the group meanwhile, the next poll says so.
  Result<KafkaList> list = begin(ids_of(partitions), kTakeOverTimeoutMs);
  for (int failures = 1; !list.ok() && wait_before_retry(failures); ++failures) {
    log_.warning("cannot read the committed offsets, trying again",
                 {{"tries", failures}, {"detail", list.status().to_string()}});
    list = begin(ids_of(partitions), kTakeOverTimeoutMs);
  }
  if (!list.ok()) return;
  commit_at_ = {};
  const KafkaOwned<rd_kafka_error_t> error(rd_kafka_incremental_assign(handle_.get(), list->get()));
  if (error)
    log_.warning("cannot take partitions", {{"detail", rd_kafka_error_string(error.get())}});
  // A partition that was paused when we had it last is so still for librdkafka.
  rd_kafka_resume_partitions(handle_.get(), list->get());
}

// Failures may come at once, so retries are spaced out. False when this is being destroyed.
bool KafkaConsumer::wait_before_retry(int failures) {
  const milliseconds delay =
      std::min(kRetryDelay * (1 << std::min(failures - 1, 10)), kMaxRetryDelay);
  std::unique_lock lock(mutex_);
  return !clock_.wait_until(lock, changed_, clock_.now() + delay, [&] { return ending_.load(); });
}

void KafkaConsumer::lose(rd_kafka_topic_partition_list_t& partitions) {
  const std::vector<PartitionId> ids = ids_of(partitions);
  // Another process may have a lost assignment already: a commit now would undo its own.
  if (rd_kafka_assignment_lost(handle_.get()) == 0) commit(ids, true);
  const KafkaOwned<rd_kafka_error_t> error(
      rd_kafka_incremental_unassign(handle_.get(), &partitions));
  if (error)
    log_.warning("cannot give partitions up", {{"detail", rd_kafka_error_string(error.get())}});
  commit_at_ = {};
  for (const PartitionId& id : ids) paused_.erase(id);
  changing([&] {
    for (const PartitionId& id : ids) jobs_.revoke(id);
    return true;
  });
}

void KafkaConsumer::run() {
  while (!ending_) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      take_in(*message);
    } else if (message && message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      restart({rd_kafka_topic_name(message->rkt), message->partition});
    } else if (message) {
      log_.debug("Kafka consumer", {{"detail", rd_kafka_message_errstr(message.get())}});
    }
    balance_reading();
    commit_if_due();
  }
}

// The record to read next is not there: the topic was deleted and made again, or its records were
// removed by their age. Offsets may now name other records, so that the books begin anew.
void KafkaConsumer::restart(const PartitionId& partition) {
  log_.warning("records of a Kafka partition are gone, reading it from its beginning",
               {{"topic", partition.topic}, {"partition", std::int64_t{partition.number}}});
  changing([&] {
    jobs_.revoke(partition);
    return true;
  });
  paused_.erase(partition);
  const KafkaList list = kafka_list({partition});
  const KafkaOwned<rd_kafka_error_t> error(
      rd_kafka_incremental_unassign(handle_.get(), list.get()));
  if (error) {
    log_.warning("cannot give a partition up", {{"detail", rd_kafka_error_string(error.get())}});
  }
  gain(*list);
}

void KafkaConsumer::take_in(const rd_kafka_message_t& message) {
  const PartitionId id{rd_kafka_topic_name(message.rkt), message.partition};
  JobRecord record = from_message(message);
  // A record that asks for more is not ours: it would keep its partition from being read on.
  const auto delay = std::clamp(std::chrono::ceil<milliseconds>(record.due - clock_.wall_now()),
                                milliseconds(0), topics_.at(id.topic));
  changing([&] {
    jobs_.add(id, message.offset, std::move(record), clock_.now() + delay);
    return true;
  });
}

void KafkaConsumer::balance_reading() {
  std::vector<PartitionId> full;
  std::vector<PartitionId> drained;
  {
    const std::lock_guard lock(mutex_);
    for (const PartitionId& id : jobs_.assigned()) {
      const std::size_t unfinished = jobs_.unfinished(id);
      if (paused_.contains(id) ? unfinished <= kMostUnfinished / 2 : false) drained.push_back(id);
      if (!paused_.contains(id) && unfinished >= kMostUnfinished) full.push_back(id);
    }
  }
  if (!full.empty()) {
    rd_kafka_pause_partitions(handle_.get(), kafka_list(full).get());
    paused_.insert(full.begin(), full.end());
  }
  if (!drained.empty()) {
    rd_kafka_resume_partitions(handle_.get(), kafka_list(drained).get());
    for (const PartitionId& id : drained) paused_.erase(id);
  }
}

void KafkaConsumer::commit_if_due() {
  const SteadyTime now = clock_.now();
  if (now < commit_at_) return;
  commit_at_ = now + kCommitEvery;
  std::vector<PartitionId> assigned;
  {
    const std::lock_guard lock(mutex_);
    assigned = jobs_.assigned();
  }
  commit(assigned, false);
}

void KafkaConsumer::commit(const std::vector<PartitionId>& partitions, bool leaving) {
  std::map<PartitionId, CommitMark> marks;
  {
    const std::lock_guard lock(mutex_);
    for (const PartitionId& id : partitions) {
      if (std::optional<CommitMark> mark = jobs_.next_commit(id, leaving)) {
        marks[id] = *std::move(mark);
      }
    }
  }
  if (marks.empty()) return;
  // Only the last commit is waited for: it has no later one to make it good.
  const rd_kafka_resp_err_t error =
      rd_kafka_commit(handle_.get(), list_of(marks).get(), leaving ? 0 : 1);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  log_.debug("cannot commit offsets", {{"detail", rd_kafka_err2str(error)}});
  const std::lock_guard lock(mutex_);
  for (const auto& entry : marks) jobs_.commit_failed(entry.first);
}

void KafkaConsumer::on_commit(rd_kafka_t*, rd_kafka_resp_err_t error,
                              rd_kafka_topic_partition_list_t* offsets, void* self) {
  auto& consumer = *static_cast<KafkaConsumer*>(kafka_opaque(self));
  // A commit that waits behind our joining again is of the generation before, for which librdkafka
  // drops the whole assignment. No other until the group has settled, which calls gain() or lose();
  // one that was sent before this was known costs that we work on some jobs again.
  if (error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS) {
    consumer.commit_at_ = consumer.clock_.now() + consumer.tuning_.session;
  }
  if (offsets == nullptr) return;
  const std::lock_guard lock(consumer.mutex_);
  for (int i = 0; i < offsets->cnt; ++i) {
    const rd_kafka_topic_partition_t& offset = offsets->elems[i];
    const PartitionId id{offset.topic, offset.partition};
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || offset.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      consumer.jobs_.commit_failed(id);
    } else {
      consumer.jobs_.commit_done(
          id, {offset.offset, {static_cast<const char*>(offset.metadata), offset.metadata_size}});
    }
  }
}

Status KafkaConsumer::read_to(const std::map<PartitionId, std::int64_t>& ends) {
  std::unique_lock lock(mutex_);
  const auto is_read = [&](const auto& end) {
    return jobs_.next_offset(end.first) >= end.second ||
           jobs_.unfinished(end.first) >= kMostUnfinished / 2;
  };
  const bool read = changed_.wait_for(
      lock, kReadTimeout, [&] { return std::all_of(ends.begin(), ends.end(), is_read); });
  return read ? Status() : Status(Code::unavailable, "Kafka: records do not come");
}

std::vector<LeaseTicket> KafkaConsumer::lease(std::size_t most, milliseconds ttl,
                                              SteadyTime deadline, const OpContext& context) {
  const std::stop_callback wake(context.stop, [&] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  while (true) {
    std::vector<LeaseTicket> tickets = jobs_.claim(most, clock_.now(), ttl);
    if (!tickets.empty()) return tickets;
    if (context.stop.stop_requested() || clock_.now() >= deadline) return tickets;
    const std::uint64_t seen = changes_;
    clock_.wait_until(lock, changed_, std::min(deadline, jobs_.next_event()),
                      [&] { return changes_ != seen || context.stop.stop_requested(); });
  }
}

bool KafkaConsumer::extend(const LeaseTicket& ticket, milliseconds ttl) {
  const std::lock_guard lock(mutex_);
  return jobs_.extend(ticket, clock_.now(), ttl);
}

bool KafkaConsumer::hand_back(const LeaseTicket& ticket) {
  return changing([&] { return jobs_.hand_back(ticket, clock_.now()); });
}

bool KafkaConsumer::finish(const LeaseTicket& ticket) {
  const std::lock_guard lock(mutex_);
  return jobs_.finish(ticket, clock_.now());
}

std::optional<JobRecord> KafkaConsumer::hold(const LeaseTicket& ticket) {
  const std::lock_guard lock(mutex_);
  return jobs_.hold(ticket, clock_.now());
}

std::size_t KafkaConsumer::running() {
  const std::lock_guard lock(mutex_);
  return jobs_.running();
}

bool KafkaConsumer::knows(const PartitionId& partition, std::int64_t offset,
                          std::optional<QueuedJob>& job) {
  const std::lock_guard lock(mutex_);
  if (!jobs_.is_assigned(partition) || jobs_.next_offset(partition) <= offset) return false;
  job = jobs_.state(partition, offset, clock_.now());
  return true;
}

}  // namespace thumbmill
