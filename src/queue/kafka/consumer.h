// KafkaConsumer: the worker's side of the queue. A member of the consumer group, which gives each
// partition to one process; a thread reads them, as far as work is wanted, and commits what has
// been finished.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "queue/kafka/offsets.h"

namespace thumbmill {

/// How a KafkaQueue reads. What differs from the default only tests set, bar the first.
struct KafkaQueueTuning {
  /// What retry-cap is: the longest that jobs are delayed. More than ten minutes make a difference.
  std::chrono::milliseconds longest_delay{0};
  /// There is no other process: every partition is taken at once, without the group's membership,
  /// and lease() reads to the end before it answers, so that no answer depends on time.
  bool alone = false;
  /// After kill -9 the group notices by this. A job runs again within 45 s, and this is most of it.
  std::chrono::milliseconds session{20'000};
};

/// By a topic's name, how long its records may be delayed at the most.
using LongestDelays = std::map<std::string, std::chrono::milliseconds>;

/// Thread-safe.
class KafkaConsumer {
 public:
  /// Joins the group. Never waits for the cluster. `topics`: of jobs. `clock` and `log` outlive it.
  static Result<std::unique_ptr<KafkaConsumer>> open(const KafkaOptions& options,
                                                     LongestDelays topics, KafkaQueueTuning tuning,
                                                     Clock& clock, Logger& log);
  /// Commits what is finished and leaves the group.
  ~KafkaConsumer();

  /// Takes these partitions whole, once, instead of joining the group; for a process that is alone.
  Status take(const std::vector<PartitionId>& partitions, int timeout_ms);
  /// Joins the group, unless it is a member or about to be one.
  Status join();
  /// Waits, by real time, until everything before `ends` has been read or cannot be for lack of
  /// room. unavailable.
  Status read_to(const std::map<PartitionId, std::int64_t>& ends);

  /// As JobQueue::lease.
  std::vector<LeaseTicket> lease(std::size_t most, std::chrono::milliseconds ttl,
                                 SteadyTime deadline, const OpContext& context);
  /// Each false, or nothing, when the lease is lost. As in JobsInFlight.
  bool extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl);
  bool hand_back(const LeaseTicket& ticket);
  bool finish(const LeaseTicket& ticket);
  std::optional<JobRecord> hold(const LeaseTicket& ticket);

  std::size_t running();
  /// Whether this process has read the record, and then in `job` its state (nothing: finished).
  bool knows(const PartitionId& partition, std::int64_t offset, std::optional<QueuedJob>& job);

 private:
  KafkaConsumer(LongestDelays topics, KafkaQueueTuning tuning, Clock& clock, Logger& log)
      : topics_(std::move(topics)), tuning_(tuning), clock_(clock), log_(log) {}

  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                           rd_kafka_topic_partition_list_t* partitions, void* self);
  static void on_commit(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                        rd_kafka_topic_partition_list_t* offsets, void* self);
  void gain(rd_kafka_topic_partition_list_t& partitions);
  void lose(rd_kafka_topic_partition_list_t& partitions);
  Result<KafkaList> begin(const std::vector<PartitionId>& partitions, int timeout_ms);
  bool wait_before_retry(int failures);
  void run();
  void restart(const PartitionId& partition);
  void take_in(const rd_kafka_message_t& message);
  void balance_reading();
  void commit_if_due();
  void commit(const std::vector<PartitionId>& partitions, bool leaving);
  template <typename Call>
  auto changing(Call call);

  const LongestDelays topics_;
  const KafkaQueueTuning tuning_;
  Clock& clock_;
  Logger& log_;
  KafkaOwned<rd_kafka_t> handle_;
  std::atomic<bool> ending_ = false;
  std::atomic<bool> settled_ = true;  // false from joining the group to its first assignment
  std::set<PartitionId> paused_;      // the reading thread's own, as the next
  SteadyTime commit_at_{};
  std::thread reader_;

  std::mutex mutex_;
  std::condition_variable changed_;
  JobsInFlight jobs_;          // guarded by mutex_
  std::uint64_t changes_ = 0;  // guarded by mutex_
  bool joined_ = false;        // guarded by mutex_
};

}  // namespace thumbmill
