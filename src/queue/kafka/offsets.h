// Questions about the offsets of many partitions at once.
#pragma once

#include <map>

#include "kafka/handle.h"
#include "queue/kafka/in_flight.h"

namespace thumbmill {

using KafkaList = KafkaOwned<rd_kafka_topic_partition_list_t>;

/// The partitions as librdkafka has them, at offset 0.
KafkaList kafka_list(const std::vector<PartitionId>& partitions);

/// All partitions that the topics have now; as kafka_topic_state(), after which `handle` knows who
/// leads them. unavailable, also where a topic is not there.
Result<std::vector<PartitionId>> kafka_partitions(rd_kafka_t& handle,
                                                  const std::vector<std::string>& topics,
                                                  int timeout_ms);

/// Makes `handle` ask who leads these partitions. Both calls below go by what it knew last, and
/// librdkafka does not refresh that for partitions that it neither reads nor writes: after a change
/// of leaders they would fail for minutes.
Status kafka_refresh_leaders(rd_kafka_t& handle, const std::vector<PartitionId>& partitions,
                             int timeout_ms);

/// Where each partition's records begin (`which` = RD_KAFKA_OFFSET_BEGINNING) or where the next is
/// written (RD_KAFKA_OFFSET_END). Retries for a second where a broker says that it does not lead.
Result<std::map<PartitionId, std::int64_t>> kafka_edges(rd_kafka_t& handle,
                                                        const std::vector<PartitionId>& partitions,
                                                        std::int64_t which, int timeout_ms);

/// What the handle's group has committed; the partition's beginning where it has nothing, or where
/// that is before or behind all records, because they were removed by their age or with the topic.
Result<std::map<PartitionId, CommitMark>> kafka_committed(
    rd_kafka_t& handle, const std::vector<PartitionId>& partitions, int timeout_ms);

}  // namespace thumbmill
