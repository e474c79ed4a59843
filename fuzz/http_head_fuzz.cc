// Request heads and chunked bodies come from anybody who can connect. An input is what a connection
// sends: a head and, when it says that its body is chunked, the body.
#include <algorithm>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "base/status.h"
#include "fuzz_target.h"
#include "net/chunked.h"
#include "net/http_head.h"

using namespace thumbmill;

namespace {

HttpLimits small_limits() {
  HttpLimits limits;
  limits.request_line_bytes = 64;
  limits.header_bytes = 256;
  limits.header_count = 6;
  return limits;
}

int status_of(const HeadProgress& progress) {
  return progress.refusal ? progress.refusal->status : 0;
}

// A head is found, or refused, at the same byte however it arrives.
void check_prefixes(std::string_view bytes, const HttpLimits& limits, const HeadProgress& whole) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const HeadProgress part = find_request_head(bytes.substr(0, length), limits);
    if (whole.length > 0) {
      THUMBMILL_CHECK(status_of(part) == 0);
      THUMBMILL_CHECK(part.length == (length < whole.length ? 0 : whole.length));
    } else {
      THUMBMILL_CHECK(part.length == 0);
      THUMBMILL_CHECK(!part.refusal || status_of(part) == status_of(whole));
    }
  }
}

void check_accepted(const RequestHead& head, std::string_view bytes, const HttpLimits& limits) {
  const HttpRequest& request = head.request;
  THUMBMILL_CHECK(!request.method.empty());
  THUMBMILL_CHECK(request.path.starts_with('/') || request.path == "*");
  THUMBMILL_CHECK(request.path.find('\0') == std::string::npos);
  THUMBMILL_CHECK((request.path + "/").find("/../") == std::string::npos);
  // A slash is one that was sent as such.
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  THUMBMILL_CHECK(std::ranges::count(request.path, '/') <= std::ranges::count(line, '/'));
  // One more: Host, by the target, in HTTP/1.0.
  THUMBMILL_CHECK(request.fields.all().size() <= limits.header_count + 1);
  THUMBMILL_CHECK(request.fields.count("host") <= 1);
  // One way only to know where the body ends.
  THUMBMILL_CHECK(
      request.fields.count("content-length") + request.fields.count("transfer-encoding") <= 1);
  THUMBMILL_CHECK(!(head.chunked && request.content_length));
  THUMBMILL_CHECK(head.chunked == (request.fields.count("transfer-encoding") == 1));

  // Written plainly it means the same: nobody behind us could read another request in it.
  std::string again(bytes.substr(0, bytes.find("\r\n") + 2));
  for (const auto& [name, value] : request.fields.all()) {
    THUMBMILL_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    again += fmt::format("{}: {}\r\n", name, value);
  }
  again += "\r\n";
  HttpLimits wider = limits;
  wider.header_bytes *= 2;  // a space behind each colon may have been added
  wider.header_count += 1;
  THUMBMILL_CHECK(find_request_head(again, wider).length == again.size());
  const auto parsed = parse_request_head(again, wider);
  const auto* same = std::get_if<RequestHead>(&parsed);
  THUMBMILL_CHECK(same != nullptr);
  THUMBMILL_CHECK(same->request.path == request.path && same->request.query == request.query);
  THUMBMILL_CHECK(same->request.fields.all() == request.fields.all());
  THUMBMILL_CHECK(same->request.content_length == request.content_length);
  THUMBMILL_CHECK(same->chunked == head.chunked && same->keep_alive == head.keep_alive);
}

struct Decoded {
  std::string body;
  std::size_t taken = 0;
  bool finished = false;
  bool failed = false;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t piece) {
  Decoded result;
  ChunkedDecoder decoder;
  const auto sink = [&](std::string_view part) {
    THUMBMILL_CHECK(!part.empty());
    result.body += part;
    return Status();
  };
  while (result.taken < bytes.size() && !decoder.finished()) {
    const std::string_view part = bytes.substr(result.taken, piece);
    const auto taken = decoder.feed(part, sink);
    if (!taken.ok()) {
      result.failed = true;
      result.taken = 0;  // where it was noticed depends on the pieces
      return result;
    }
    THUMBMILL_CHECK(*taken == part.size() || decoder.finished());
    result.taken += *taken;
  }
  result.finished = decoder.finished();
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz_text(data, std::min<std::size_t>(size, 2048));
  const HttpLimits limits = small_limits();
  const HeadProgress progress = find_request_head(bytes, limits);
  THUMBMILL_CHECK(progress.length <= bytes.size());
  THUMBMILL_CHECK(!(progress.length > 0 && progress.refusal));
  check_prefixes(bytes, limits, progress);
  if (progress.length == 0) return 0;

  const auto parsed = parse_request_head(bytes.substr(0, progress.length), limits);
  if (const auto* refusal = std::get_if<HeadRefusal>(&parsed)) {
    THUMBMILL_CHECK(refusal->status >= 400 && refusal->status < 600);
    THUMBMILL_CHECK(!refusal->reason.empty() && !refusal->message.empty());
    return 0;
  }
  const auto& head = std::get<RequestHead>(parsed);
  check_accepted(head, bytes, limits);
  if (!head.chunked) return 0;
  const std::string_view body = bytes.substr(progress.length);
  const Decoded whole = decode(body, std::max<std::size_t>(body.size(), 1));
  for (const std::size_t piece : {1, 2, 7}) THUMBMILL_CHECK(decode(body, piece) == whole);
  return 0;
}
