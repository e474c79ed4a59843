// KafkaTail: which jobs the topics hold. Kafka cannot be asked for one record, so that a thread
// reads all that is not committed into an index in memory: about 200 bytes a job of the backlog.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "queue/kafka/offsets.h"

namespace thumbmill {

/// Where a job's record is, and what it says.
struct FoundRecord {
  PartitionId partition;
  std::int64_t offset = 0;
  int attempts = 0;
  WallTime due{};
};

/// Thread-safe. Reads the partitions that it began with: where there are others, or a topic was
/// made again, another KafkaTail takes its place.
class KafkaTail {
 public:
  /// Never waits for the cluster. invalid_argument.
  static Result<std::unique_ptr<KafkaTail>> open(const KafkaOptions& options, Clock& clock);
  ~KafkaTail();

  /// Starts to read these partitions, unless it has started. After a failure it may be called
  /// again.
  Status begin(const std::vector<PartitionId>& partitions, int timeout_ms);
  bool begun();
  /// Whether it reads just these partitions, and they still hold what it has read of them.
  bool covers(const std::vector<PartitionId>& partitions);
  /// Waits until all that was there at the call has been read, and drops what is committed, or has
  /// left its topic by its age. The handle() must know who leads the partitions:
  /// kafka_partitions().
  Status refresh(const OpContext& context);
  /// The records of job `id` as of the last refresh() at least.
  std::vector<FoundRecord> find(const std::string& id);

  /// For questions to the cluster, in the name of the workers' group.
  rd_kafka_t& handle() { return *handle_; }

 private:
  using Index = std::multimap<std::string, FoundRecord>;
  struct Partition {
    std::deque<Index::iterator> records;  // by offset
    std::int64_t next = 0;
  };

  explicit KafkaTail(Clock& clock) : clock_(clock) {}
  void run();
  void take_in(const rd_kafka_message_t& message);
  void take_error(const rd_kafka_message_t& message);
  void drop_before(Partition& partition, std::int64_t offset);

  Clock& clock_;
  KafkaOwned<rd_kafka_t> handle_;
  std::atomic<bool> ending_ = false;
  std::thread reader_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;  // guarded by mutex_, as all below
  bool outdated_ = false;
  std::map<PartitionId, Partition> partitions_;
  Index index_;
};

}  // namespace thumbmill
