#include "kafka/producer.h"

#include <array>
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
constexpr int kLastFlushMs = 500;

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
  if (!delivery) return;  // nobody waits
  const std::lock_guard lock((*delivery)->mutex);
  (*delivery)->report = message->err;
  (*delivery)->changed.notify_all();
}

Status wait_for(Delivery& delivery, const rd_kafka_t& handle, const std::string& topic,
                Clock& clock, const OpContext& context) {
  const std::stop_callback wake(context.stop, [&] {
    const std::lock_guard lock(delivery.mutex);
    delivery.changed.notify_all();
  });
  std::unique_lock lock(delivery.mutex);
  clock.wait_until(lock, delivery.changed, context.deadline,
                   [&] { return delivery.report || context.stop.stop_requested(); });
  if (delivery.report)
    return kafka_status(handle, *delivery.report, fmt::format("publishing to {}", topic));
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
  // What was only sent is given a moment. For the rest nobody waits any more, but each report frees
  // its Delivery.
  if (handle_) {
    rd_kafka_flush(handle_.get(), kLastFlushMs);
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
  const auto delivery = std::make_shared<Delivery>();
  auto reported = std::make_unique<std::shared_ptr<Delivery>>(delivery);
  RETURN_IF_ERROR(produce(topic, key, headers, reported.get()));
  static_cast<void>(reported.release());  // the report's now
  return wait_for(*delivery, *handle_, topic, clock_, context);
}

Status KafkaProducer::send(const std::string& topic, std::string_view key,
                           const KafkaHeaders& headers) {
  return produce(topic, key, headers, nullptr);
}

Status KafkaProducer::produce(const std::string& topic, std::string_view key,
                              const KafkaHeaders& headers, void* opaque) {
  rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
  for (const auto& header : headers) {
    rd_kafka_header_add(list, header.first.data(), static_cast<ssize_t>(header.first.size()),
                        header.second.data(), static_cast<ssize_t>(header.second.size()));
  }
  // An array of tagged values; the macros for it are C.
  std::array<rd_kafka_vu_t, 5> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem.ptr = const_cast<char*>(key.data());  // only read
  parts[2].u.mem.size = key.size();
  parts[3].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[3].u.headers = list;
  parts[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[4].u.ptr = opaque;
  const KafkaOwned<rd_kafka_error_t> failure(
      rd_kafka_produceva(handle_.get(), parts.data(), parts.size()));
  if (failure) {
    rd_kafka_headers_destroy(list);  // ours again only when the record was not taken
    return kafka_status(*handle_, rd_kafka_error_code(failure.get()),
                        fmt::format("publishing to {}", topic));
  }
  return Status();
}

}  // namespace thumbmill
