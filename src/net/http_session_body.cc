// HttpSession's reading of request bodies.
#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "net/http_session.h"

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Status cut_short() {
  return Status(Code::invalid_argument, "the body ended before it was complete");
}

}  // namespace

HttpSession::Awaitable<Status> HttpSession::read_body(HttpTask& task) {
  if (request_->content_length && *request_->content_length > task.body_limit()) {
    co_return Status(Code::too_large, fmt::format("the body has {} bytes; {} are allowed",
                                                  *request_->content_length, task.body_limit()));
  }
  // A task that takes none is not waited for: its client learns at once that it may stop.
  if (task.body_limit() == 0) co_return Status(Code::too_large, "no body is taken here");
  limit_body_time(Clock::now(), 0);
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

}  // namespace thumbmill
