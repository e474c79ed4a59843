// A job as a record of a Kafka topic; docs/formats/queue-kafka.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "kafka/producer.h"

namespace thumbmill {

/// More tries than this are not ours.
inline constexpr int kMostAttempts = 1'000'000;

/// A longer id is not ours, and only so much of it is kept: what names it in a log.
inline constexpr std::size_t kMostIdBytes = 64;

struct JobRecord {
  std::string id;             ///< the key; empty where there is none
  int attempts = 0;           ///< counted tries before this record
  WallTime first_enqueued{};  ///< when the job came in first, by the producer's calendar
  WallTime due{};             ///< not to be delivered before; the epoch: at once
  Code last_failure = Code::ok;
};

KafkaHeaders to_headers(const JobRecord& record);

/// A record's header of that name, if there is one.
using KafkaHeaderOf = std::function<std::optional<std::string_view>(const char* name)>;

/// What a record says, also a foreign one: any key is an id, for the worker to judge, and the
/// beginning of one that is too long. Unknown headers are ignored; one that is missing, or not
/// ours, has its default.
JobRecord from_record(std::string_view key, const KafkaHeaderOf& header);
JobRecord from_message(const rd_kafka_message_t& message);

}  // namespace thumbmill
