#include "kafka/handle.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCallTimeout{5'000};
constexpr std::size_t kMessageSize = 256;

// Before it, librdkafka sends its part of SCRAM's nonce twice.
constexpr int kScramVersion = 0x02060100;

// What librdkafka's callbacks get as their opaque; the handle's, freed after it.
struct HandleContext {
  void* opaque = nullptr;
  std::mutex mutex;
  std::string last_failure;  // of a connection, in librdkafka's words; guarded by mutex
};

// Called by librdkafka's own threads, and for a short while before the handle is returned.
void keep_failure(const rd_kafka_t* handle, int, const char* facility, const char* text) {
  // A connection that failed, and a producer that is not let in. Of the rest calls tell us.
  const std::string_view name = facility;
  if (handle == nullptr || (name != "FAIL" && name != "GETPID")) return;
  auto* context = static_cast<HandleContext*>(rd_kafka_opaque(handle));
  const std::lock_guard lock(context->mutex);
  context->last_failure = text;
}

// Errors that only say that no broker could be talked to.
bool is_of_connection(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
      return true;
    default:
      return false;
  }
}

Status set(rd_kafka_conf_t& conf, const char* name, const std::string& value) {
  char why[kMessageSize];
  if (rd_kafka_conf_set(&conf, name, value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK) {
    return Status();
  }
  return Status(Code::invalid_argument, fmt::format("Kafka setting {}: {}", name, why));
}

}  // namespace

void KafkaDeleter::operator()(rd_kafka_t* handle) const {
  auto* context = static_cast<HandleContext*>(rd_kafka_opaque(handle));
  rd_kafka_destroy(handle);
  delete context;
}

Status check_kafka_login(const KafkaOptions& options, int librdkafka_version) {
  if (options.user.empty() || !options.mechanism.starts_with("SCRAM")) return Status();
  if (librdkafka_version >= kScramVersion) return Status();
  return Status(
      Code::invalid_argument,
      fmt::format("mechanism {} needs librdkafka 2.6.1, and this one is {}.{}.{}: Kafka 4 refuses "
                  "its logins; use mechanism=PLAIN with security=sasl_ssl, or a newer librdkafka",
                  options.mechanism, (librdkafka_version >> 24) & 0xff,
                  (librdkafka_version >> 16) & 0xff, (librdkafka_version >> 8) & 0xff));
}

Result<KafkaOwned<rd_kafka_conf_t>> kafka_conf(const KafkaOptions& options,
                                               std::initializer_list<KafkaSetting> settings) {
  RETURN_IF_ERROR(check_kafka_login(options, rd_kafka_version()));
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), keep_failure);
  RETURN_IF_ERROR(set(*conf, "log.thread.name", "false"));
  RETURN_IF_ERROR(set(*conf, "allow.auto.create.topics", "false"));
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
  auto context = std::make_unique<HandleContext>();
  context->opaque = opaque;
  rd_kafka_conf_set_opaque(conf.get(), context.get());
  char why[kMessageSize];
  KafkaOwned<rd_kafka_t> handle(rd_kafka_new(type, conf.get(), why, sizeof why));
  if (!handle) return Status(Code::invalid_argument, fmt::format("Kafka: {}", why));
  // Both are the handle's now.
  static_cast<void>(conf.release());
  static_cast<void>(context.release());
  return handle;
}

void* kafka_opaque(void* opaque) { return static_cast<HandleContext*>(opaque)->opaque; }

Status kafka_status(const rd_kafka_t& handle, rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Status();
  std::string detail = fmt::format("Kafka: {}: {}", what, rd_kafka_err2str(error));
  auto* context = static_cast<HandleContext*>(rd_kafka_opaque(&handle));
  if (is_of_connection(error)) {
    const std::lock_guard lock(context->mutex);
    if (!context->last_failure.empty()) detail += fmt::format(" ({})", context->last_failure);
  }
  return Status(Code::unavailable, "the queue is away", std::move(detail));
}

int kafka_timeout_ms(const OpContext& context, const Clock& clock) {
  if (context.deadline == SteadyTime::max()) return static_cast<int>(kCallTimeout.count());
  const auto left = std::chrono::ceil<milliseconds>(context.deadline - clock.now());
  return static_cast<int>(std::clamp(left, milliseconds(1), kCallTimeout).count());
}

}  // namespace thumbmill
