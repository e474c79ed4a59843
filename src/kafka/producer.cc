#include "kafka/producer.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include <fmt/format.h>

namespace thumbmill {
namespace {

// Collects the records of threads that publish at the same time.
constexpr const char* kLingerMs = "2";
// Longer than the election of another leader takes, shorter than a client waits.
constexpr const char* kDeliveryTimeoutMs = "10000";
constexpr int kPollMs = 100;

// One record on its way. Shared by the thread that waits and librdkafka's report, as either may
// be done with it first.
struct Delivery {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<rd_kafka_resp_err_t> report;  // guarded by mutex
};

void report_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<std::shared_ptr<Delivery>> delivery(
      static_cast<std::shared_ptr<Delivery>*>(message->_private));
  const std::lock_guard lock((*delivery)->mutex);
  (*delivery)->report = message->err;
  (*delivery)->changed.notify_all();
}

Status wait_for(Delivery& delivery, const std::string& topic, Clock& clock,
                const OpContext& context) {
  const std::stop_callback wake(context.stop, [&] {
    const std::lock_guard lock(delivery.mutex);
    delivery.changed.notify_all();
  });
  std::unique_lock lock(delivery.mutex);
  clock.wait_until(lock, delivery.changed, context.deadline,
                   [&] { return delivery.report || context.stop.stop_requested(); });
  if (delivery.report)
    return kafka_status(*delivery.report, fmt::format("publishing to {}", topic));
  return context.check(clock);
}

}  // namespace

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaOptions& options,
                                                           Clock& clock) {
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                   kafka_conf(options, {{"acks", "all"},
                                        {"enable.idempotence", "true"},
                                        {"linger.ms", kLingerMs},
                                        {"message.timeout.ms", kDeliveryTimeoutMs}}));
  rd_kafka_conf_set_dr_msg_cb(conf.get(), report_delivery);
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(clock));
  ASSIGN_OR_RETURN(producer->handle_, open_kafka(RD_KAFKA_PRODUCER, std::move(conf), nullptr));
  producer->server_ = std::thread([self = producer.get()] { self->serve(); });
  return producer;
}

KafkaProducer::~KafkaProducer() {
  ending_ = true;
  if (server_.joinable()) server_.join();
  // Nobody waits for what is still on its way, but each report frees its Delivery.
  if (handle_) {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(handle_.get(), kPollMs);
  }
}

void KafkaProducer::serve() {
  while (!ending_) rd_kafka_poll(handle_.get(), kPollMs);
}

Status KafkaProducer::publish(const std::string& topic, std::string_view key,
                              const KafkaHeaders& headers, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
  for (const auto& header : headers) {
    rd_kafka_header_add(list, header.first.data(), static_cast<ssize_t>(header.first.size()),
                        header.second.data(), static_cast<ssize_t>(header.second.size()));
  }
  const auto delivery = std::make_shared<Delivery>();
  auto reported = std::make_unique<std::shared_ptr<Delivery>>(delivery);
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      handle_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(nullptr, 0),
      RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_OPAQUE(reported.get()), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_headers_destroy(list);  // ours again only when the record was not taken
    return kafka_status(error, fmt::format("publishing to {}", topic));
  }
  reported.release();  // the report's now
  return wait_for(*delivery, topic, clock_, context);
}

}  // namespace thumbmill
