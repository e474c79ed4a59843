// What every use of librdkafka here shares: owned handles, and its errors as Status.
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
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
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

/// A configuration for `options`' cluster with `settings`. librdkafka's own log is off: it repeats
/// every lost connection, and what matters comes back from the calls. invalid_argument: a setting
/// that this librdkafka does not take, such as TLS where it has none.
Result<KafkaOwned<rd_kafka_conf_t>> kafka_conf(const KafkaOptions& options,
                                               std::initializer_list<KafkaSetting> settings);

/// Starts librdkafka's threads; never waits for the cluster. `opaque` is given to callbacks.
Result<KafkaOwned<rd_kafka_t>> open_kafka(rd_kafka_type_t type, KafkaOwned<rd_kafka_conf_t> conf,
                                          void* opaque);

/// The failure of doing `what`: unavailable whatever the cluster's reason, because none is the
/// fault of the request.
Status kafka_status(rd_kafka_resp_err_t error, std::string_view what);

/// How long one call to the cluster may take, in ms: until the deadline, at most five seconds.
int kafka_timeout_ms(const OpContext& context, const Clock& clock);

}  // namespace thumbmill
