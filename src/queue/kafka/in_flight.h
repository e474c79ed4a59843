// The records that a consumer has read and not finished, and how far each partition may be
// committed: everything before the oldest unfinished record. Bookkeeping without Kafka or threads.
//
// A crash loses the count of tries that a record's own headers do not have yet, so that each commit
// carries it along as the committed offset's metadata; docs/formats/queue-kafka.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "queue/job_queue.h"
#include "queue/kafka/job_record.h"

namespace thumbmill {

struct PartitionId {
  std::string topic;
  std::int32_t number = 0;
  // clang-tidy 14 takes the comparison that this makes for a null pointer.
  auto operator<=>(const PartitionId&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// What may be committed of a partition.
struct CommitMark {
  std::int64_t offset = 0;  ///< everything before it is finished
  std::string started;      ///< tries of unfinished records: the metadata
  bool operator==(const CommitMark&) const = default;
};

/// One thread at a time.
class JobsInFlight {
 public:
  /// Begins a partition at the mark that was committed last. Only text that mark() wrote counts in
  /// `mark.started`; what else is there is ignored.
  void assign(const PartitionId& partition, const CommitMark& mark);
  /// Ends it; the leases of its records are lost.
  void revoke(const PartitionId& partition);
  bool is_assigned(const PartitionId& partition) const { return partitions_.contains(partition); }

  /// A record that has been read; one before the last read is ignored. `due`: when to deliver it.
  void add(const PartitionId& partition, std::int64_t offset, JobRecord record, SteadyTime due);

  /// Leases up to `most` ready jobs, those first enqueued first.
  std::vector<LeaseTicket> claim(std::size_t most, SteadyTime now, std::chrono::milliseconds ttl);
  /// When something becomes ready; max: nothing by itself.
  SteadyTime next_event() const;

  /// Each false, or nothing, when the lease is lost.
  bool extend(const LeaseTicket& ticket, SteadyTime now, std::chrono::milliseconds ttl);
  bool hand_back(const LeaseTicket& ticket, SteadyTime now);
  bool finish(const LeaseTicket& ticket, SteadyTime now);
  /// The lease lasts until finish() or a later extend(), however long that takes: its record is
  /// being published elsewhere.
  std::optional<JobRecord> hold(const LeaseTicket& ticket, SteadyTime now);

  /// Read offsets of the partition end before this one.
  std::int64_t next_offset(const PartitionId& partition) const;
  std::size_t unfinished(const PartitionId& partition) const;
  std::size_t running() const { return leased_.size(); }

  /// For a partition that is assigned and a record that has been read: its state, nothing when it
  /// is finished.
  std::optional<QueuedJob> state(const PartitionId& partition, std::int64_t offset,
                                 SteadyTime now) const;

  /// `leaving`: running tries are interrupted by us and not counted.
  CommitMark mark(const PartitionId& partition, bool leaving) const;
  /// The mark, if it is another than was handed out for committing last: that one may still be on
  /// its way, and arrive. When `leaving`, for which there is no later one, also if nobody has said
  /// that it was committed. Nothing, too, for a partition that is not assigned.
  std::optional<CommitMark> next_commit(const PartitionId& partition, bool leaving);
  void commit_done(const PartitionId& partition, const CommitMark& mark);
  /// What next_commit() gave last has not been committed, or may not have been.
  void commit_failed(const PartitionId& partition);
  std::vector<PartitionId> assigned() const;

 private:
  struct Held {
    JobRecord record;
    int started = 0;        // counted tries since the record was written
    SteadyTime ready_at{};  // delayed until then; when running, until when
    std::string token;      // of the current lease; empty: none
  };
  struct Partition {
    std::map<std::int64_t, Held> held;
    std::map<std::int64_t, int> started;  // of records before the crash, not read again yet
    std::int64_t next = 0;
    std::optional<CommitMark> handed_out;  // for committing, last; nothing: not known
    CommitMark committed;
  };
  struct Place {
    PartitionId partition;
    std::int64_t offset = 0;
  };

  Held* leased(const LeaseTicket& ticket, SteadyTime now);
  void expire(SteadyTime now);

  std::map<PartitionId, Partition> partitions_;
  std::map<std::string, Place> leased_;  // by token
  std::uint64_t last_token_ = 0;
};

}  // namespace thumbmill
