#include "net/http_session.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::size_t kHeadReadBytes = 4 * 1024;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// For finding a request in a log: anybody may guess it, and learns nothing of any id from it.
std::string new_request_id(Random& random) {
  const std::uint64_t first = random.next_u64();
  return fmt::format("{:016x}{:016x}", first, random.next_u64());
}

// Made by name, never as a temporary inside a co_await expression: GCC 12 destroys braced
// temporaries there twice.
HttpExchange::Answer whole_answer(HttpResponse response) {
  HttpExchange::Answer answer;
  answer.response = std::move(response);
  return answer;
}

}  // namespace

HttpSession::HttpSession(HttpCore& core, Socket socket, std::string address)
    : core_(core),
      socket_(std::move(socket)),
      address_(std::move(address)),
      client_(address_of_client(address_)),
      pace_(core.options.limits.idle_time, core.options.limits.answer_rate_bytes),
      watchdog_(socket_.get_executor()),
      woken_(socket_.get_executor(), Clock::time_point::max()) {
  limit_time(core_.options.limits.header_time);
}

HttpSession::~HttpSession() { core_.remove(this); }

void HttpSession::start() {
  core_.add(shared_from_this());
  // For the reading of bodies; where it fails, reading fails, too.
  error_code ignored;
  socket_.non_blocking(true, ignored);
  const auto self = shared_from_this();
  asio::co_spawn(
      socket_.get_executor(), [self] { return self->run(); }, asio::detached);
  asio::co_spawn(
      socket_.get_executor(), [self] { return self->watch(); }, asio::detached);
}

void HttpSession::finish() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->finishing_ = true;
    if (self->stream_ != nullptr) self->stream_->close();
    error_code ignored;
    if (!self->busy_) self->socket_.cancel(ignored);
  });
}

void HttpSession::cut() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->finishing_ = true;
    error_code ignored;
    self->socket_.close(ignored);
    self->woken_.cancel();
  });
}

// One timer that looks at a moving deadline costs less than one for each read: it is only disturbed
// when the deadline moves closer.
void HttpSession::set_deadline(Clock::time_point deadline) {
  deadline_ = deadline;
  if (deadline < armed_) watchdog_.cancel();
}

HttpSession::Awaitable<void> HttpSession::watch() {
  while (!ended_) {
    error_code error;
    armed_ = deadline_;
    watchdog_.expires_at(armed_);
    co_await watchdog_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!ended_ && sending_ && Clock::now() >= deadline_) {
      deadline_ = pace_.deadline(Clock::now(), waiting_bytes());
    }
    if (!ended_ && Clock::now() >= deadline_) {
      timed_out_ = true;
      socket_.cancel(error);
      deadline_ = Clock::now() + 1s;  // for what the coroutine still has to say
    }
  }
}

HttpSession::Awaitable<void> HttpSession::run() {
  try {
    // One co_await a statement: GCC 12 evaluates the right side of && although the left is false
    // when both wait.
    while (!finishing_ && !core_.stopping) {
      const bool has_request = co_await read_head();
      if (!has_request) break;
      const bool goes_on = co_await serve();
      if (!goes_on) break;
    }
    if (stream_ != nullptr) stream_->end();
    co_await leave();
  } catch (const std::exception& failure) {
    core_.log.error("a connection failed", {{"detail", failure.what()}});
  }
  ended_ = true;
  if (stream_ != nullptr) stream_->end();
  watchdog_.cancel();
  close();
}

HttpSession::Awaitable<bool> HttpSession::read_head() {
  const HttpLimits& limits = core_.options.limits;
  sending_ = false;
  // Who has just connected means to ask something: waiting long for that helps attackers only.
  if (buffer_.empty()) {
    limit_time(fresh_ ? std::min(limits.idle_time, limits.header_time) : limits.idle_time);
  }
  // Thousands of connections may wait here: what a body needed is given back.
  if (buffer_.capacity() > kHeadReadBytes) buffer_.shrink_to_fit();
  bool begun = false;
  while (true) {
    // One empty line before a request is ignored (RFC 9112, section 2.2).
    if (!busy_ && buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
    if (!buffer_.empty() && (busy_ || buffer_ != "\r")) {
      if (!std::exchange(begun, true)) limit_time(limits.header_time);
      busy_ = true;
      const HeadProgress progress = find_request_head(buffer_, limits);
      if (progress.refusal) {
        co_await refuse(*progress.refusal);
        co_return false;
      }
      if (progress.length > 0) {
        auto parsed =
            parse_request_head(std::string_view(buffer_).substr(0, progress.length), limits);
        if (auto* refusal = std::get_if<HeadRefusal>(&parsed)) {
          co_await refuse(*refusal);
          co_return false;
        }
        head_ = std::get<RequestHead>(std::move(parsed));
        buffer_.erase(0, progress.length);
        fresh_ = false;
        co_return true;
      }
    }
    const std::size_t kept = buffer_.size();
    buffer_.resize(kept + kHeadReadBytes);
    error_code error;
    const std::size_t got =
        co_await socket_.async_read_some(asio::buffer(buffer_.data() + kept, kHeadReadBytes),
                                         asio::redirect_error(asio::use_awaitable, error));
    buffer_.resize(kept + got);
    if (!error) continue;
    if (timed_out_ && begun) {
      const HeadRefusal late{408, "header_timeout",
                             "the request's header did not come within header-time"};
      co_await refuse(late);
    }
    co_return false;
  }
}

HttpSession::Awaitable<void> HttpSession::refuse(const HeadRefusal& refusal) {
  core_.refused(refusal.reason);
  request_ = std::make_shared<HttpRequest>();
  request_->method = "GET";
  request_->request_id = new_request_id(core_.random);
  HttpResponse response =
      core_.service.reject(refusal.status, refusal.reason, refusal.message, request_->request_id);
  HttpExchange::Answer answer = whole_answer(std::move(response));
  unread_input_ = true;
  co_await write_answer(std::move(answer), false);
}

std::string HttpSession::choose_request_id() const {
  const auto given = head_.request.fields.get("x-request-id");
  return given && is_request_id(*given) ? std::string(*given) : new_request_id(core_.random);
}

HttpSession::Awaitable<bool> HttpSession::serve() {
  head_.request.request_id = choose_request_id();
  head_.request.received = core_.clock.now();
  head_.request.remote_address = address_;
  request_ = std::make_shared<HttpRequest>(std::move(head_.request));
  std::unique_ptr<HttpTask> task = core_.service.begin(request_);
  THUMBMILL_CHECK(task != nullptr);
  Status body;
  if (request_->has_body) body = co_await read_body(*task);
  if (!body.ok()) {
    if (!timed_out_ && !socket_.is_open()) co_return false;
    if (body.code() == Code::deadline_exceeded) core_.refused("body_timeout");
    HttpExchange::Answer answer = whole_answer(task->reject(body));
    unread_input_ = true;
    co_await write_answer(std::move(answer), false);
    co_return false;
  }
  set_deadline(Clock::time_point::max());  // how long an answer takes is its handler's business
  std::optional<HttpExchange::Answer> answer = co_await run_task(std::move(task));
  if (!socket_.is_open()) {
    if (answer && answer->stream != nullptr) answer->stream->end();
    co_return false;
  }
  const bool keep_alive =
      head_.keep_alive && !finishing_ && !core_.stopping && answer->stream == nullptr;
  const bool written = co_await write_answer(std::move(*answer), keep_alive);
  busy_ = false;
  co_return written&& keep_alive;
}

HttpSession::Awaitable<std::optional<HttpExchange::Answer>> HttpSession::run_task(
    std::unique_ptr<HttpTask> task) {
  answer_.reset();
  // Weakly: whoever keeps a Responder or a stream for long must not keep the connection as well.
  const std::weak_ptr<HttpSession> weak = weak_from_this();
  const auto deliver = [weak](HttpExchange::Answer answer) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    asio::post(self->socket_.get_executor(), [self, answer = std::move(answer)]() mutable {
      self->answer_ = std::move(answer);
      self->woken_.cancel();
      error_code ignored;
      if (self->listening_) self->socket_.cancel(ignored);
    });
  };
  const auto wake_up = [weak] {
    if (const auto self = weak.lock()) self->wake();
  };
  auto exchange = std::make_shared<HttpExchange>(core_, request_->request_id, deliver, wake_up);
  const std::weak_ptr<HttpExchange> unanswered = exchange;
  asio::thread_pool& pool = core_.pool(task->kind());
  asio::post(pool, [&core = core_, task = std::shared_ptr<HttpTask>(std::move(task)),
                    exchange = std::move(exchange), id = request_->request_id]() mutable {
    const OpContext context{.stop = core.cut.get_token(), .request_id = id};
    try {
      task->run(Responder(std::move(exchange)), context);
    } catch (const std::exception& failure) {
      core.log.error("a request handler failed", {{"request_id", id}, {"detail", failure.what()}});
    }
  });
  co_await await_answer(unanswered);
  co_return std::exchange(answer_, std::nullopt);
}

HttpSession::Awaitable<void> HttpSession::await_answer(std::weak_ptr<HttpExchange> exchange) {
  bool input_ended = false;
  const auto is_waiting = [&] {
    const auto unanswered = exchange.lock();
    return unanswered && unanswered->is_waiting();
  };
  // Whoever keeps the Responder may never use it: a connection that was cut does not wait for that.
  while (!answer_ && socket_.is_open()) {
    error_code error;
    if (input_ended || !is_waiting()) {
      woken_.expires_at(Clock::time_point::max());
      co_await woken_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    // What comes is the next request's. A client that sends much of that could go unnoticed.
    const std::size_t kept = buffer_.size();
    if (kept < kHeadReadBytes) {
      buffer_.resize(kept + kHeadReadBytes);
      listening_ = true;
      const std::size_t got =
          co_await socket_.async_read_some(asio::buffer(buffer_.data() + kept, kHeadReadBytes),
                                           asio::redirect_error(asio::use_awaitable, error));
      listening_ = false;
      buffer_.resize(kept + got);
      if (!error || error == asio::error::operation_aborted) continue;
    }
    input_ended = true;
    if (const auto unanswered = exchange.lock()) unanswered->client_gone();
  }
}

void HttpSession::wake() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->woken_.cancel(); });
}

}  // namespace thumbmill
