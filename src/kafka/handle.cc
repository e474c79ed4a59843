#include "kafka/handle.h"

#include <algorithm>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCallTimeout{5'000};
constexpr std::size_t kMessageSize = 256;

Status set(rd_kafka_conf_t& conf, const char* name, const std::string& value) {
  char why[kMessageSize];
  if (rd_kafka_conf_set(&conf, name, value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK) {
    return Status();
  }
  return Status(Code::invalid_argument, fmt::format("Kafka setting {}: {}", name, why));
}

}  // namespace

Result<KafkaOwned<rd_kafka_conf_t>> kafka_conf(const KafkaOptions& options,
                                               std::initializer_list<KafkaSetting> settings) {
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  RETURN_IF_ERROR(set(*conf, "bootstrap.servers", options.servers));
  RETURN_IF_ERROR(set(*conf, "client.id", options.prefix));
  RETURN_IF_ERROR(set(*conf, "security.protocol", options.security));
  if (!options.user.empty()) {
    RETURN_IF_ERROR(set(*conf, "sasl.mechanisms", options.mechanism));
    RETURN_IF_ERROR(set(*conf, "sasl.username", options.user));
    RETURN_IF_ERROR(set(*conf, "sasl.password", options.password));
  }
  if (!options.ca_file.empty()) {
    RETURN_IF_ERROR(set(*conf, "ssl.ca.location", options.ca_file));
  }
  for (const KafkaSetting& setting : settings) {
    RETURN_IF_ERROR(set(*conf, setting.first, setting.second));
  }
  return conf;
}

Result<KafkaOwned<rd_kafka_t>> open_kafka(rd_kafka_type_t type, KafkaOwned<rd_kafka_conf_t> conf,
                                          void* opaque) {
  rd_kafka_conf_set_opaque(conf.get(), opaque);
  char why[kMessageSize];
  KafkaOwned<rd_kafka_t> handle(rd_kafka_new(type, conf.get(), why, sizeof why));
  if (!handle) return Status(Code::invalid_argument, fmt::format("Kafka: {}", why));
  static_cast<void>(conf.release());  // the handle's now
  return handle;
}

Status kafka_status(rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Status();
  return Status(Code::unavailable, "the queue is away",
                fmt::format("Kafka: {}: {}", what, rd_kafka_err2str(error)));
}

int kafka_timeout_ms(const OpContext& context, const Clock& clock) {
  if (context.deadline == SteadyTime::max()) return static_cast<int>(kCallTimeout.count());
  const auto left = std::chrono::ceil<milliseconds>(context.deadline - clock.now());
  return static_cast<int>(std::clamp(left, milliseconds(1), kCallTimeout).count());
}

}  // namespace thumbmill
