#include "notify/kafka/kafka_notifier.h"

#include "base/secret.h"
#include "notify/event_line.h"

namespace thumbmill {
namespace {

constexpr const char* kTopic = "events";
constexpr const char* kHeader = "event";
constexpr int kPollMs = 100;
constexpr int kTimeoutMs = 5'000;
// How long a broker holds an empty answer back: it answers at once when an event comes.
constexpr const char* kFetchWaitMs = "500";
// Nobody reads an event twice.
constexpr std::chrono::minutes kKeepFor{10};

}  // namespace

Result<std::unique_ptr<KafkaNotifier>> KafkaNotifier::open(const KafkaOptions& options,
                                                           Clock& clock, Metrics& metrics,
                                                           Logger& log) {
  std::unique_ptr<KafkaNotifier> notifier(new KafkaNotifier(options, clock, metrics, log));
  ASSIGN_OR_RETURN(notifier->producer_, KafkaProducer::open(options, clock));
  // librdkafka asks consumers for a group, also where none is joined and nothing committed.
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                   kafka_conf(options, {{"group.id", options.name(kTopic)},
                                        {"enable.auto.commit", "false"},
                                        {"auto.offset.reset", "latest"},
                                        {"fetch.wait.max.ms", kFetchWaitMs}}));
  ASSIGN_OR_RETURN(notifier->consumer_, open_kafka(RD_KAFKA_CONSUMER, std::move(conf), nullptr));
  rd_kafka_poll_set_consumer(notifier->consumer_.get());
  notifier->reader_ = std::thread([self = notifier.get()] { self->read_loop(); });
  return notifier;
}

KafkaNotifier::KafkaNotifier(const KafkaOptions& options, const Clock& clock, Metrics& metrics,
                             Logger& log)
    : log_(log),
      foreign_("events", metrics, log, clock),
      origin_(new_secret_hex(8)),
      topics_({{options.name(kTopic), 1, kKeepFor}}, options.replication, log),
      topic_(options.name(kTopic)) {}

KafkaNotifier::~KafkaNotifier() {
  ending_ = true;
  if (reader_.joinable()) reader_.join();
  if (consumer_) rd_kafka_consumer_close(consumer_.get());
}

void KafkaNotifier::publish(JobEvent event) {
  const std::string line = to_event_line(origin_, event);
  const std::string id = event.id;
  fan_out_.publish(std::move(event));
  const Status sent = producer_->send(topic_, id, {{kHeader, line}});
  const bool dropped_before = dropping_.exchange(!sent.ok());
  if (sent.ok() || dropped_before) return;
  log_.warning("cannot tell other processes of job events; waiting clients hear of them later",
               {{"detail", sent.to_string()}});
}

Status KafkaNotifier::begin() {
  // On the producer's handle, so that this one, too, knows that the topic is there.
  RETURN_IF_ERROR(topics_.ensure(producer_->handle(), kTimeoutMs));
  RETURN_IF_ERROR(kafka_topic_state(*consumer_, topic_, kTimeoutMs).status());
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0)->offset = RD_KAFKA_OFFSET_END;
  return kafka_status(*consumer_, rd_kafka_assign(consumer_.get(), list.get()), "reading events");
}

void KafkaNotifier::read_loop() {
  bool begun = false;
  while (!ending_) {
    if (!begun) {
      const Status status = begin();
      begun = status.ok();
      if (!begun) log_.debug("cannot hear job events of others", {{"detail", status.to_string()}});
    }
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(consumer_.get(), kPollMs));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      pass_on(*message);
    } else if (is_of_deleted_topic(message->err)) {
      topics_.invalidate();
      begun = false;
    }
  }
}

void KafkaNotifier::pass_on(const rd_kafka_message_t& message) {
  const std::string_view text = kafka_header(message, kHeader).value_or("");
  auto line = from_event_line(text);
  if (!line) foreign_.report(text, kNoEventLine);
  if (!line || line->origin == origin_) return;
  fan_out_.publish(std::move(line->event));
}

}  // namespace thumbmill
