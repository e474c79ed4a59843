// HttpSession's writing of answers.
#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "net/http_date.h"
#include "net/http_session.h"

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::string_view kNotTaken = "answer_timeout";
constexpr std::size_t kMostThrownAway = 64 << 20;
constexpr std::size_t kLeaveReadBytes = 1024;
constexpr auto kNoticeTime = 2s;
// What the kernel may hold of a stream. There may be many at once, none of which needs speed.
constexpr int kStreamBufferBytes = 16 * 1024;
constexpr auto kLookEvery = 50ms;

}  // namespace

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
  begin_sending();
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
    if (written && !bodiless) {
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
  error_code ignored;
  socket_.set_option(asio::socket_base::send_buffer_size(kStreamBufferBytes), ignored);
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
    if (!text.empty()) {
      begin_sending();
      const bool written = co_await write(text);
      if (!written) break;
    }
    if (last) break;
    if (!text.empty()) {
      stream_->drained();
      continue;
    }
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
    if (error) {
      gone_ = true;
      if (timed_out_) core_.refused(kNotTaken);
      co_return false;
    }
    bytes.remove_prefix(sent);
    pace_.handed(sent);
    if (deadline_ == Clock::time_point::max()) limit_time(core_.options.limits.idle_time);
  }
  co_return true;
}

void HttpSession::begin_sending() {
  const Clock::time_point now = Clock::now();
  const std::size_t waiting = waiting_bytes();
  pace_.begin(now, waiting);
  sending_ = true;
  timed_out_ = false;
  set_deadline(std::min(pace_.deadline(now, waiting), now + core_.options.limits.idle_time));
}

std::size_t HttpSession::waiting_bytes() {
  int waiting = 0;
  if (!socket_.is_open() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &waiting) != 0) return 0;
  return static_cast<std::size_t>(waiting);
}

HttpSession::Awaitable<void> HttpSession::leave() {
  if (gone_ || (!unread_input_ && waiting_bytes() == 0)) co_return;
  sending_ = false;
  busy_ = true;  // a stopping server waits for it
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  const Clock::time_point noticed = Clock::now() + (unread_input_ ? kNoticeTime : 0s);
  std::size_t thrown_away = 0;
  bool input_ended = false;
  buffer_.resize(unread_input_ ? kReadBytes : kLeaveReadBytes);
  while (socket_.is_open()) {
    const std::size_t waiting = waiting_bytes();
    const Clock::time_point now = Clock::now();
    const Clock::time_point end = waiting > 0 ? pace_.deadline(now, waiting) : noticed;
    if (now >= end && waiting > 0) core_.refused(kNotTaken);
    if (now >= end || (input_ended && waiting == 0)) co_return;
    // Nobody tells when the client has taken it all: it is looked at again and again.
    const Clock::time_point next_look = std::min(end, now + kLookEvery);
    if (input_ended) {
      woken_.expires_at(next_look);
      co_await woken_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    timed_out_ = false;
    set_deadline(next_look);
    thrown_away +=
        co_await socket_.async_read_some(asio::buffer(buffer_.data(), buffer_.size()),
                                         asio::redirect_error(asio::use_awaitable, error));
    if (error && error != asio::error::eof && error != asio::error::operation_aborted) co_return;
    input_ended = error == asio::error::eof || thrown_away > kMostThrownAway;
  }
}

// What the client has not taken by now it will not get: nothing of a connection outlives it in the
// kernel, which would go on for minutes.
void HttpSession::close() {
  error_code ignored;
  if (waiting_bytes() > 0) {
    socket_.set_option(Socket::linger(true, 0), ignored);
  } else {
    socket_.shutdown(Socket::shutdown_both, ignored);
  }
  socket_.close(ignored);
}

}  // namespace thumbmill
