// What every use of librdkafka here shares: owned handles, and its errors as Status, with the cause
// that librdkafka itself only writes to its log.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "base/op_context.h"
#include "base/status.h"
#include "kafka/options.h"

namespace thumbmill {

struct KafkaDeleter {
  void operator()(rd_kafka_t* handle) const;
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(const rd_kafka_metadata_t* data) const { rd_kafka_metadata_destroy(data); }
};

template <typename T>
using KafkaOwned = std::unique_ptr<T, KafkaDeleter>;

/// A name of librdkafka's configuration (its CONFIGURATION.md) and the value for it.
using KafkaSetting = std::pair<const char*, std::string>;

/// invalid_argument where a login by SCRAM cannot work with that version of librdkafka (as
/// rd_kafka_version() gives it): Kafka 4 refuses the nonce that versions before 2.6.1 send
/// (librdkafka's pull request 4895).
Status check_kafka_login(const KafkaOptions& options, int librdkafka_version);

/// A configuration for `options`' cluster with `settings`. No topic is ever made by asking for it:
/// the cluster would make it with partitions of its own choice; KafkaTopics makes ours.
/// invalid_argument: a setting that this librdkafka does not take, such as TLS where it has none,
/// or a login that check_kafka_login() refuses.
Result<KafkaOwned<rd_kafka_conf_t>> kafka_conf(const KafkaOptions& options,
                                               std::initializer_list<KafkaSetting> settings);

/// Starts librdkafka's threads; never waits for the cluster. Callbacks get `opaque` from
/// kafka_opaque().
Result<KafkaOwned<rd_kafka_t>> open_kafka(rd_kafka_type_t type, KafkaOwned<rd_kafka_conf_t> conf,
                                          void* opaque);

/// What open_kafka() was given, of the `opaque` that librdkafka gives a callback.
void* kafka_opaque(void* opaque);

/// The failure of doing `what` on a handle that open_kafka() made: unavailable whatever the
/// cluster's reason, because none is the fault of the request. Where the connection failed, the
/// detail repeats what librdkafka said last about a connection of this handle: "Local: Broker
/// transport failure" may be a wrong password, an unknown authority or a port without TLS.
Status kafka_status(const rd_kafka_t& handle, rd_kafka_resp_err_t error, std::string_view what);

/// How long one call to the cluster may take, in ms: until the deadline, at most five seconds.
int kafka_timeout_ms(const OpContext& context, const Clock& clock);

}  // namespace thumbmill
