#include "redis/subscriber.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/backoff.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// A channel may be silent for hours: whether the server is still there is asked so often.
constexpr milliseconds kPingAfter{10'000};
constexpr Backoff kReconnect{milliseconds(100), milliseconds(2'000)};

}  // namespace

RedisSubscriber::RedisSubscriber(RedisConnector& connector, std::string channel, Random& random,
                                 Logger& log, Listener listener)
    : connector_(connector),
      channel_(std::move(channel)),
      random_(random),
      log_(log),
      listener_(std::move(listener)),
      thread_([this] { run(); }) {}

RedisSubscriber::~RedisSubscriber() {
  end_.set();
  thread_.join();
}

void RedisSubscriber::run() {
  int failures = 0;
  while (!end_.is_set()) {
    auto connection = connector_.connect();
    Status status = connection.status();
    if (connection.ok()) {
      failures = 0;
      status = receive(*connection);
    }
    if (end_.is_set()) return;
    log_.debug("cannot hear a channel of Redis",
               {{"channel", channel_}, {"detail", status.to_string()}});
    end_.wait_for(kReconnect.delay(++failures, random_));
  }
}

Status RedisSubscriber::receive(RedisConnection& connection) {
  connection.append({"SUBSCRIBE", channel_});
  bool asked = false;
  while (!end_.is_set()) {
    ASSIGN_OR_RETURN(const std::optional<RedisReply> message,
                     connection.read_unless_woken(end_.fd(), kPingAfter));
    if (message) {
      if (message->is_error()) return status_of(*message);
      if (message->list.size() == 3 && message->list[0].text == "message") {
        listener_(message->list[2].text);
      }
      asked = false;
    } else if (asked) {
      return Status(Code::unavailable, "Redis is silent");
    } else {
      connection.append({"PING"});
      asked = true;
    }
  }
  return Status();
}

}  // namespace thumbmill
