#include "notify/redis/redis_notifier.h"

#include <fmt/format.h>

#include "base/backoff.h"
#include "base/secret.h"
#include "notify/event_line.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// Events that wait to be sent; older ones are dropped.
constexpr std::size_t kMostOutgoing = 4096;
constexpr Backoff kReconnect{milliseconds(100), milliseconds(2'000)};

}  // namespace

RedisNotifier::RedisNotifier(RedisOptions options, const Clock& clock, Random& random,
                             Metrics& metrics, Logger& log)
    : random_(random),
      log_(log),
      foreign_("events", metrics, log, clock),
      origin_(new_secret_hex(8)),
      channel_(options.key("events")),
      connector_(std::move(options)),
      subscriber_(connector_, channel_, random, log,
                  [this](const std::string& message) { pass_on(message); }),
      sender_([this] { send_loop(); }) {}

RedisNotifier::~RedisNotifier() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  end_.set();
  sender_.join();
}

void RedisNotifier::publish(JobEvent event) {
  std::string line = to_event_line(origin_, event);
  fan_out_.publish(std::move(event));
  {
    const std::lock_guard lock(mutex_);
    outgoing_.push_back(std::move(line));
    if (outgoing_.size() > kMostOutgoing) outgoing_.pop_front();
  }
  changed_.notify_all();
}

void RedisNotifier::send_loop() {
  std::optional<RedisConnection> connection;
  int failures = 0;
  while (true) {
    std::deque<std::string> lines;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !outgoing_.empty(); });
      // What was published last is sent still, unless that means to connect first.
      if (ending_ && (outgoing_.empty() || !connection)) return;
      lines.swap(outgoing_);
    }
    const Status status = send(connection, lines);
    if (status.ok()) {
      failures = 0;
      continue;
    }
    connection.reset();
    if (failures == 0) {
      log_.warning("cannot tell other processes of job events; waiting clients hear of them later",
                   {{"detail", status.to_string()}});
    }
    end_.wait_for(kReconnect.delay(++failures, random_));
  }
}

Status RedisNotifier::send(std::optional<RedisConnection>& connection,
                           const std::deque<std::string>& lines) {
  if (connection && connection->is_stale()) connection.reset();
  if (!connection) {
    ASSIGN_OR_RETURN(connection, connector_.connect());
  }
  for (const std::string& line : lines) connection->append({"PUBLISH", channel_, line});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSIGN_OR_RETURN(const RedisReply reply, connection->read());
    if (reply.is_error()) return status_of(reply);
  }
  return Status();
}

void RedisNotifier::pass_on(const std::string& message) {
  auto line = from_event_line(message);
  if (!line) foreign_.report(message, kNoEventLine);
  if (!line || line->origin == origin_) return;
  fan_out_.publish(std::move(line->event));
}

}  // namespace thumbmill
