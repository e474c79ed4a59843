#include "net/http_session.h"

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "base/ids.h"
#include "net/http_date.h"

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kHeadReadBytes = 4 * 1024;
constexpr std::size_t kLingerBytes = 64 << 20;
constexpr auto kLingerTime = 2s;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// Made by name, never as a temporary inside a co_await expression: GCC 12 destroys braced
// temporaries there twice.
HttpExchange::Answer whole_answer(HttpResponse response) {
  HttpExchange::Answer answer;
  answer.response = std::move(response);
  return answer;
}

Status cut_short() {
  return Status(Code::invalid_argument, "the body ended before it was complete");
}

}  // namespace

HttpSession::HttpSession(HttpCore& core, Socket socket)
    : core_(core),
      socket_(std::move(socket)),
      watchdog_(socket_.get_executor()),
      woken_(socket_.get_executor(), Clock::time_point::max()) {
  limit_time(core_.options.limits.header_time);
}

HttpSession::~HttpSession() { core_.remove(this); }

void HttpSession::start() {
  core_.add(shared_from_this());
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
  } catch (const std::exception& failure) {
    core_.log.error("a connection failed", {{"detail", failure.what()}});
  }
  ended_ = true;
  if (stream_ != nullptr) stream_->end();
  watchdog_.cancel();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

HttpSession::Awaitable<bool> HttpSession::read_head() {
  const HttpLimits& limits = core_.options.limits;
  if (buffer_.empty()) limit_time(limits.idle_time);
  if (buffer_.capacity() > kReadBytes) buffer_.shrink_to_fit();
  bool begun = false;
  while (true) {
    // One empty line before a request is passed over (RFC 9112, section 2.2).
    if (!busy_ && buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
    if (!buffer_.empty()) {
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
  request_->request_id = new_uuid7(core_.clock, core_.random);
  HttpResponse response =
      core_.service.reject(refusal.status, refusal.reason, refusal.message, request_->request_id);
  limit_time(core_.options.limits.idle_time);
  HttpExchange::Answer answer = whole_answer(std::move(response));
  const bool written = co_await write_answer(std::move(answer), false);
  if (written) co_await linger();
}

std::string HttpSession::choose_request_id() const {
  const auto given = head_.request.fields.get("x-request-id");
  return given && is_request_id(*given) ? std::string(*given)
                                        : new_uuid7(core_.clock, core_.random);
}

HttpSession::Awaitable<bool> HttpSession::serve() {
  head_.request.request_id = choose_request_id();
  head_.request.received = core_.clock.now();
  error_code error;
  head_.request.remote_address = socket_.remote_endpoint(error).address().to_string();
  request_ = std::make_shared<HttpRequest>(std::move(head_.request));
  std::unique_ptr<HttpTask> task = core_.service.begin(request_);
  THUMBMILL_CHECK(task != nullptr);
  Status body;
  if (request_->has_body) body = co_await read_body(*task);
  if (!body.ok()) {
    if (!timed_out_ && !socket_.is_open()) co_return false;
    if (body.code() == Code::deadline_exceeded) core_.refused("body_timeout");
    limit_time(core_.options.limits.idle_time);
    HttpExchange::Answer answer = whole_answer(task->reject(body));
    const bool written = co_await write_answer(std::move(answer), false);
    if (written) co_await linger();
    co_return false;
  }
  set_deadline(Clock::time_point::max());  // how long an answer takes is its handler's business
  HttpExchange::Answer answer = co_await run_task(std::move(task));
  if (!socket_.is_open()) co_return false;
  const bool keep_alive =
      head_.keep_alive && !finishing_ && !core_.stopping && answer.stream == nullptr;
  limit_time(core_.options.limits.idle_time);
  const bool written = co_await write_answer(std::move(answer), keep_alive);
  busy_ = false;
  co_return written&& keep_alive;
}

HttpSession::Awaitable<Status> HttpSession::read_body(HttpTask& task) {
  const HttpLimits& limits = core_.options.limits;
  if (request_->content_length && *request_->content_length > task.body_limit()) {
    co_return Status(Code::too_large, fmt::format("the body has {} bytes; {} are allowed",
                                                  *request_->content_length, task.body_limit()));
  }
  limit_time(limits.body_time);
  if (head_.expects_continue && buffer_.empty()) {
    const bool written = co_await write(kContinue);
    if (!written) co_return cut_short();
  }
  if (head_.chunked) co_return co_await read_chunked_body(task);
  co_return co_await read_plain_body(task, *request_->content_length);
}

HttpSession::Awaitable<Status> HttpSession::read_plain_body(HttpTask& task, std::uint64_t length) {
  const Clock::time_point begun = Clock::now();
  std::uint64_t taken = 0;
  while (taken < length) {
    if (buffer_.empty()) {
      const Status read = co_await read_some();
      if (!read.ok()) co_return read;
    }
    const std::string_view part = std::string_view(buffer_).substr(0, length - taken);
    taken += part.size();
    const Status used = task.on_body(part);
    if (!used.ok()) co_return used;
    buffer_.erase(0, part.size());
    limit_body_time(begun, taken);
  }
  co_return Status();
}

HttpSession::Awaitable<Status> HttpSession::read_chunked_body(HttpTask& task) {
  const Clock::time_point begun = Clock::now();
  ChunkedDecoder decoder;
  std::uint64_t taken = 0;
  const auto sink = [&](std::string_view part) -> Status {
    taken += part.size();
    if (taken > task.body_limit()) {
      return Status(Code::too_large, fmt::format("the body is over the {} bytes that are allowed",
                                                 task.body_limit()));
    }
    return task.on_body(part);
  };
  while (!decoder.finished()) {
    if (buffer_.empty()) {
      const Status read = co_await read_some();
      if (!read.ok()) co_return read;
    }
    const Result<std::size_t> used = decoder.feed(buffer_, sink);
    if (!used.ok()) co_return used.status();
    buffer_.erase(0, *used);
    limit_body_time(begun, taken);
  }
  co_return Status();
}

HttpSession::Awaitable<Status> HttpSession::read_some() {
  buffer_.resize(kReadBytes);
  error_code error;
  const std::size_t got = co_await socket_.async_read_some(
      asio::buffer(buffer_.data(), kReadBytes), asio::redirect_error(asio::use_awaitable, error));
  buffer_.resize(got);
  if (!error) co_return Status();
  if (timed_out_) co_return Status(Code::deadline_exceeded, "the body came too slowly");
  if (error != asio::error::eof) {
    error_code ignored;
    socket_.close(ignored);
  }
  co_return cut_short();
}

HttpSession::Awaitable<HttpExchange::Answer> HttpSession::run_task(std::unique_ptr<HttpTask> task) {
  answer_.reset();
  // Weakly: whoever keeps a Responder or a stream for long must not keep the connection as well.
  const std::weak_ptr<HttpSession> weak = weak_from_this();
  const auto deliver = [weak](HttpExchange::Answer answer) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    asio::post(self->socket_.get_executor(), [self, answer = std::move(answer)]() mutable {
      self->answer_ = std::move(answer);
      self->woken_.cancel();
    });
  };
  const auto wake_up = [weak] {
    if (const auto self = weak.lock()) self->wake();
  };
  auto exchange = std::make_shared<HttpExchange>(core_, request_->request_id, deliver, wake_up);
  asio::post(core_.pool, [&core = core_, task = std::shared_ptr<HttpTask>(std::move(task)),
                          exchange = std::move(exchange), id = request_->request_id]() mutable {
    const OpContext context{.stop = core.cut.get_token(), .request_id = id};
    try {
      task->run(Responder(std::move(exchange)), context);
    } catch (const std::exception& failure) {
      core.log.error("a request handler failed", {{"request_id", id}, {"detail", failure.what()}});
    }
  });
  while (!answer_) {
    error_code error;
    woken_.expires_at(Clock::time_point::max());
    co_await woken_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  co_return *std::exchange(answer_, std::nullopt);
}

// The average falls below the least rate at that moment, should no more come.
void HttpSession::limit_body_time(Clock::time_point begun, std::uint64_t taken) {
  const HttpLimits& limits = core_.options.limits;
  Clock::duration allowed = limits.body_time;
  if (limits.body_rate_bytes > 0) {
    const std::chrono::milliseconds paid(taken * 1000 / limits.body_rate_bytes);
    allowed = std::min(allowed, Clock::duration(limits.body_grace + paid));
  }
  set_deadline(begun + allowed);
}

void HttpSession::wake() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->woken_.cancel(); });
}

std::string HttpSession::response_head(const HttpResponse& response, bool keep_alive,
                                       bool stream) const {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\n",
                                 response.status, http_reason(response.status),
                                 http_date(core_.clock.wall_now()), request_->request_id);
  for (const auto& [name, value] : response.fields.all())
    head += fmt::format("{}: {}\r\n", name, value);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless && !stream) head += fmt::format("Content-Length: {}\r\n", response.body.size());
  if (!keep_alive) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

HttpSession::Awaitable<bool> HttpSession::write_answer(HttpExchange::Answer answer,
                                                       bool keep_alive) {
  const HttpResponse& response = answer.response;
  std::string head = response_head(response, keep_alive, answer.stream != nullptr);
  const bool bodiless =
      request_->method == "HEAD" || response.status == 204 || response.status == 304;
  // A small body goes out with its head, in one packet.
  const bool small = !bodiless && response.body.fd() < 0;
  if (small) head += response.body.memory();
  bool written = co_await write(head);
  if (written && !bodiless && !small) {
    const bool body_written = co_await write_body(response.body);
    written = body_written;
  }
  if (answer.stream != nullptr) {
    if (written) {
      co_await write_stream(std::move(answer.stream));
    } else {
      answer.stream->end();
    }
  }
  co_return written;
}

HttpSession::Awaitable<bool> HttpSession::write_body(const Blob& body) {
  std::string part;
  for (std::uint64_t done = 0; done < body.size(); done += part.size()) {
    part.resize(std::min<std::uint64_t>(kReadBytes, body.size() - done));
    const Status read = body.read(done, part);
    if (!read.ok()) {
      core_.log.error("an answer broke off",
                      {{"request_id", request_->request_id}, {"detail", read.to_string()}});
      co_return false;
    }
    const bool written = co_await write(part);
    if (!written) co_return false;
  }
  co_return true;
}

HttpSession::Awaitable<void> HttpSession::write_stream(std::shared_ptr<StreamQueue> stream) {
  stream_ = std::move(stream);
  // A client that goes away is only seen by reading; what it sends meanwhile means nothing.
  asio::co_spawn(
      socket_.get_executor(),
      [self = shared_from_this(), queue = stream_]() -> Awaitable<void> {
        std::array<char, 512> ignored_bytes;
        error_code error;
        while (!error) {
          co_await self->socket_.async_read_some(asio::buffer(ignored_bytes),
                                                 asio::redirect_error(asio::use_awaitable, error));
        }
        queue->close();
      },
      asio::detached);
  while (true) {
    const bool last = stream_->closing() || finishing_ || core_.stopping;
    const std::string text = stream_->take();
    limit_time(core_.options.limits.idle_time);
    if (!text.empty()) {
      const bool written = co_await write(text);
      if (!written) break;
    }
    if (last) break;
    if (!text.empty()) continue;
    set_deadline(Clock::time_point::max());
    error_code error;
    woken_.expires_at(Clock::time_point::max());
    co_await woken_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  stream_->end();
}

HttpSession::Awaitable<bool> HttpSession::write(std::string_view bytes) {
  while (!bytes.empty()) {
    error_code error;
    const std::size_t sent = co_await socket_.async_write_some(
        asio::buffer(bytes.data(), bytes.size()), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    bytes.remove_prefix(sent);
    if (busy_ && stream_ == nullptr) limit_time(core_.options.limits.idle_time);
  }
  co_return true;
}

HttpSession::Awaitable<void> HttpSession::linger() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  limit_time(kLingerTime);
  timed_out_ = false;
  std::size_t thrown_away = 0;
  buffer_.resize(kReadBytes);
  while (!error && thrown_away < kLingerBytes) {
    thrown_away +=
        co_await socket_.async_read_some(asio::buffer(buffer_.data(), buffer_.size()),
                                         asio::redirect_error(asio::use_awaitable, error));
  }
}

}  // namespace thumbmill
