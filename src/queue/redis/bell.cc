#include "queue/redis/bell.h"

#include "base/backoff.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr const char* kBlockSeconds = "2";
// For the answer to come when the server has waited for its part.
constexpr milliseconds kPatience{5'000};
constexpr Backoff kReconnect{milliseconds(100), milliseconds(2'000)};

}  // namespace

RedisBell::RedisBell(RedisConnector& connector, std::string key, Clock& clock, Random& random,
                     Logger& log)
    : connector_(connector), key_(std::move(key)), clock_(clock), random_(random), log_(log) {
  listener_ = std::thread([this] { listen(); });
}

RedisBell::~RedisBell() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  needed_.notify_all();
  end_.set();
  listener_.join();
}

void RedisBell::wait(SteadyTime deadline, const OpContext& context) {
  const std::stop_callback wake_on_stop(context.stop, [this] {
    { const std::lock_guard lock(mutex_); }
    rung_.notify_all();
  });
  std::unique_lock lock(mutex_);
  ++waiting_;
  needed_.notify_all();
  clock_.wait_until(lock, rung_, deadline,
                    [&] { return rings_ > 0 || context.stop.stop_requested(); });
  --waiting_;
  if (rings_ > 0 && !context.stop.stop_requested()) --rings_;
}

bool RedisBell::await_waiter() {
  std::unique_lock lock(mutex_);
  needed_.wait(lock, [&] { return ending_ || waiting_ > rings_; });
  return !ending_;
}

void RedisBell::listen() {
  std::optional<RedisConnection> connection;
  int failures = 0;
  while (await_waiter()) {
    if (connection && connection->is_stale()) connection.reset();
    Status status;
    if (!connection) {
      auto connected = connector_.connect();
      status = connected.status();
      if (connected.ok()) connection = std::move(connected).value();
    }
    if (connection) status = await_ring(*connection);
    if (status.ok()) {
      failures = 0;
      continue;
    }
    connection.reset();
    // The waiters ask the queue themselves every so often and tell of its failure; here it is
    // noise.
    log_.debug("cannot listen for new jobs", {{"detail", status.to_string()}});
    end_.wait_for(kReconnect.delay(++failures, random_));
  }
}

Status RedisBell::await_ring(RedisConnection& connection) {
  connection.append({"BLPOP", key_, kBlockSeconds});
  ASSIGN_OR_RETURN(const std::optional<RedisReply> reply,
                   connection.read_unless_woken(end_.fd(), kPatience));
  if (!reply) return Status(Code::unavailable, "no answer of Redis in time");
  if (reply->is_error()) {
    connector_.follow(*reply);
    return status_of(*reply);
  }
  if (reply->type == RedisReply::Type::nil) return Status();
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ > rings_) {
      ++rings_;
      rung_.notify_all();
      return Status();
    }
  }
  // Whoever waited has gone: the ring is for another process.
  ASSIGN_OR_RETURN(const RedisReply passed_on, connection.call({"RPUSH", key_, "1"}));
  return passed_on.is_error() ? status_of(passed_on) : Status();
}

}  // namespace thumbmill
