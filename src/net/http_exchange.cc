#include "net/http_exchange.h"

#include <boost/asio/post.hpp>

#include "net/http_session.h"

namespace thumbmill {

bool StreamQueue::send(std::string text) {
  bool too_slow = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || closing_) return false;
    too_slow = waiting_.size() + text.size() > kMostWaiting;
    if (too_slow) {
      closing_ = true;
      waiting_.clear();
    } else {
      waiting_ += text;
      filled_ = true;
    }
  }
  wake_();
  return !too_slow;
}

void StreamQueue::on_drained(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_drained_ = std::move(callback);
}

void StreamQueue::drained() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() || closing_ || !std::exchange(filled_, false)) return;
    callback = on_drained_;
  }
  if (callback) callback();
}

void StreamQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_();
}

void StreamQueue::on_closed(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  callback();
}

std::string StreamQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

bool StreamQueue::closing() {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void StreamQueue::end() {
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    callbacks.swap(callbacks_);
  }
  for (const auto& callback : callbacks) callback();
}

HttpExchange::HttpExchange(HttpCore& core, std::string request_id,
                           std::function<void(Answer)> deliver, std::function<void()> wake)
    : core_(core),
      request_id_(std::move(request_id)),
      deliver_(std::move(deliver)),
      wake_(std::move(wake)) {}

HttpExchange::~HttpExchange() {
  if (answered_) return;
  core_.log.error("a request was dropped without an answer", {{"request_id", request_id_}});
  deliver_({core_.service.reject(500, "internal", "the request could not be answered", request_id_),
            nullptr});
}

bool HttpExchange::respond(HttpResponse response) {
  if (answered_.exchange(true)) return false;
  deliver_({std::move(response), nullptr});
  return true;
}

std::shared_ptr<HttpStream> HttpExchange::stream(HttpResponse head) {
  if (answered_.exchange(true)) return nullptr;
  auto queue = std::make_shared<StreamQueue>(wake_);
  deliver_({std::move(head), queue});
  return queue;
}

void HttpExchange::at(SteadyTime when, std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  std::erase_if(timers_, [](const auto& timer) { return timer.expired(); });
  timers_.push_back(core_.at(client_gone_ ? SteadyTime::min() : when, std::move(action)));
  if (!is_waiting_.exchange(true)) wake_();
}

void HttpExchange::client_gone() {
  const std::lock_guard lock(mutex_);
  client_gone_ = true;
  for (const auto& timer : timers_) {
    if (const HttpCore::Timer waiting = timer.lock()) core_.fire(waiting);
  }
}

HttpCore::Timer HttpCore::at(SteadyTime when, std::function<void()> action) {
  // A timer is not thread-safe: it is touched under the mutex only.
  const std::lock_guard lock(mutex);
  const auto timer =
      std::make_shared<boost::asio::steady_timer>(io, stopping ? SteadyTime::min() : when);
  timers.insert(timer);
  // Cancelled means that there is nothing to wait for: the action is due then as well.
  timer->async_wait(
      [this, timer, action = std::move(action)](const boost::system::error_code&) mutable {
        {
          const std::lock_guard inner(mutex);
          timers.erase(timer);
        }
        boost::asio::post(reads, [this, action = std::move(action)] {
          try {
            action();
          } catch (const std::exception& failure) {  // would end the process from a pool thread
            log.error("a timed action failed", {{"detail", failure.what()}});
          }
        });
      });
  return timer;
}

void HttpCore::fire(const Timer& timer) {
  const std::lock_guard lock(mutex);
  timer->cancel();
}

boost::asio::thread_pool& HttpCore::pool(WorkKind kind) {
  switch (kind) {
    case WorkKind::read:
      return reads;
    case WorkKind::change:
      return changes;
    case WorkKind::in_memory:
      break;
  }
  return in_memory;
}

void HttpCore::join_pools() {
  for (boost::asio::thread_pool* pool : {&reads, &changes, &in_memory}) pool->join();
}

void HttpCore::fire_timers() {
  const std::lock_guard lock(mutex);
  for (const auto& timer : timers) timer->cancel();
}

void HttpCore::remove(HttpSession* session) {
  const std::lock_guard lock(mutex);
  if (live.erase(session) == 0) return;
  const auto client = by_client.find(session->client());
  if (--client->second == 0) by_client.erase(client);
  metrics.set(metric::kHttpConnections, static_cast<double>(live.size()));
  changed.notify_all();
}

void HttpCore::add(const std::shared_ptr<HttpSession>& session) {
  const std::lock_guard lock(mutex);
  live.emplace(session.get(), session);
  ++by_client[session->client()];
  metrics.set(metric::kHttpConnections, static_cast<double>(live.size()));
}

std::size_t HttpCore::connections_of(const std::string& client) {
  const std::lock_guard lock(mutex);
  const auto found = by_client.find(client);
  return found == by_client.end() ? 0 : found->second;
}

std::vector<std::shared_ptr<HttpSession>> HttpCore::sessions() {
  const std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<HttpSession>> sessions;
  for (const auto& [key, session] : live) {
    if (auto alive = session.lock()) sessions.push_back(std::move(alive));
  }
  return sessions;
}

}  // namespace thumbmill
