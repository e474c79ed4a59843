#include "net/http_head.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/percent.h"

namespace thumbmill {
namespace {

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

HeadRefusal malformed(std::string message) { return {400, "malformed", std::move(message)}; }

// Split first, then decoded (RFC 3986, section 2.4): an encoded slash is part of a segment, and
// none of ours has one. A path that goes through "." or ".." could mean another resource to whoever
// stands before us.
std::optional<HeadRefusal> parse_path(std::string_view path, HttpRequest& request) {
  if (path.empty()) path = "/";
  if (path.front() != '/') return malformed("the request target is no path");
  for (std::size_t start = 1; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const auto segment = percent_decode(path.substr(start, end - start), false);
    start = end + 1;
    if (!segment) return malformed("the path has a bad percent-escape");
    if (segment->find('/') != std::string::npos) return malformed("the path has an encoded slash");
    if (*segment == "." || *segment == "..") return malformed("the path has a dot segment");
    request.path += '/';
    request.path += *segment;
  }
  return std::nullopt;
}

std::optional<HeadRefusal> parse_query(std::string_view text, HttpRequest& request) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('&', start), text.size());
    const std::string_view pair = text.substr(start, end - start);
    start = end + 1;
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals), true);
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return malformed("the query has a bad percent-escape");
    request.query.emplace_back(*name, *value);
  }
  return std::nullopt;
}

bool is_authority(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("/?#@\\").find(c) == std::string_view::npos;
  });
}

// Takes scheme and authority off an absolute-form target.
std::optional<HeadRefusal> take_authority(std::string_view& target, RequestHead& head) {
  const std::size_t authority = target.find("//") + 2;
  const std::size_t path = std::min(target.find_first_of("/?", authority), target.size());
  head.scheme = target.substr(0, authority - 3);
  head.authority = to_lower(target.substr(authority, path - authority));
  if (head.authority.empty()) return malformed("the request target has no host");
  if (!is_authority(head.authority)) return malformed("the request target's host is not a host");
  target.remove_prefix(path);
  return std::nullopt;
}

// RFC 9112, section 3.2: origin-form, absolute-form, and "*" for OPTIONS.
std::optional<HeadRefusal> parse_target(std::string_view target, RequestHead& head) {
  HttpRequest& request = head.request;
  const auto visible = [](char c) { return c > ' ' && c < 0x7f && c != '#'; };
  if (target.empty() || !std::all_of(target.begin(), target.end(), visible)) {
    return malformed("the request target has characters that are not allowed");
  }
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return std::nullopt;
  }
  if (target.starts_with("http://") || target.starts_with("https://")) {
    if (auto refusal = take_authority(target, head)) return refusal;
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  if (auto refusal = parse_path(target.substr(0, mark), request)) return refusal;
  return parse_query(target.substr(std::min(mark + 1, target.size())), request);
}

std::optional<HeadRefusal> parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return malformed("the request line is not METHOD TARGET VERSION");
  head.request.method = line.substr(0, first);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(head.request.method)) return malformed("the method is not a token");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') {
    return malformed("the request line does not end in an HTTP version");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return HeadRefusal{505, "version", "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  }
  head.keep_alive = version == "HTTP/1.1";
  return parse_target(line.substr(first + 1, second - first - 1), head);
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// RFC 9112, section 6: one way only to say how long the body is.
std::optional<HeadRefusal> read_framing(RequestHead& head) {
  HttpRequest& request = head.request;
  const std::size_t lengths = request.fields.count("content-length");
  const std::size_t codings = request.fields.count("transfer-encoding");
  if (lengths > 1 || codings > 1) return malformed("the body's length is given more than once");
  if (lengths == 1 && codings == 1)
    return malformed("Content-Length and Transfer-Encoding exclude each other");
  if (codings == 1) {
    if (to_lower(*request.fields.get("transfer-encoding")) != "chunked") {
      return malformed("the only Transfer-Encoding here is chunked");
    }
    if (!head.keep_alive) return malformed("HTTP/1.0 has no Transfer-Encoding");
    head.chunked = true;
    request.has_body = true;
  } else if (lengths == 1) {
    request.content_length = parse_length(*request.fields.get("content-length"));
    if (!request.content_length) return malformed("Content-Length is not a number");
    request.has_body = *request.content_length > 0;
  }
  return std::nullopt;
}

// The authority without its scheme's own port.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  for (const std::string_view port : {scheme == "https" ? ":443" : ":80", ":"}) {
    if (authority.ends_with(port)) return authority.substr(0, authority.size() - port.size());
  }
  return authority;
}

// A target's authority wins over Host (RFC 9112, section 3.2.2), so whoever stands before us may go
// by another of the two than we do: they have to agree.
std::optional<HeadRefusal> read_host(RequestHead& head, bool http11) {
  HttpFields& fields = head.request.fields;
  if (http11 && fields.count("host") != 1)
    return malformed("an HTTP/1.1 request has exactly one Host");
  if (fields.count("host") > 1) return malformed("there is more than one Host");
  const auto host = fields.get("host");
  if (host && !is_authority(*host)) return malformed("Host is not a host");
  if (head.authority.empty()) return std::nullopt;
  if (!host) {
    fields.add("Host", head.authority);
  } else if (without_default_port(to_lower(*host), head.scheme) !=
             without_default_port(head.authority, head.scheme)) {
    return malformed("the request target and Host name different hosts");
  }
  return std::nullopt;
}

std::optional<HeadRefusal> read_connection(RequestHead& head) {
  const HttpFields& fields = head.request.fields;
  for (const auto& [name, value] : fields.all()) {
    if (to_lower(name) == "connection" && to_lower(value).find("close") != std::string::npos)
      head.keep_alive = false;
  }
  if (const auto expect = fields.get("expect")) {
    if (to_lower(*expect) != "100-continue") {
      return HeadRefusal{417, "expectation", "the only expectation met here is 100-continue"};
    }
    head.expects_continue = true;
  }
  return std::nullopt;
}

}  // namespace

HeadProgress find_request_head(std::string_view bytes, const HttpLimits& limits) {
  std::size_t line_start = 0;
  bool first = true;
  while (true) {
    const std::size_t end = bytes.find('\n', line_start);
    const std::size_t shown = std::min(end, bytes.size());
    if (first && shown > limits.request_line_bytes + 2) {
      return {0, HeadRefusal{414, "request_line_too_long",
                             fmt::format("the request line is over max-request-line ({} bytes)",
                                         limits.request_line_bytes)}};
    }
    if (!first && shown > limits.header_bytes + limits.request_line_bytes) {
      return {0, HeadRefusal{
                     431, "header_too_large",
                     fmt::format("the header is over max-header ({} bytes)", limits.header_bytes)}};
    }
    if (end == std::string_view::npos) return {};
    if (end == 0 || bytes[end - 1] != '\r')
      return {0, malformed("a line ends without a carriage return")};
    if (end == line_start + 1) return {end + 1, std::nullopt};
    line_start = end + 1;
    first = false;
  }
}

std::variant<RequestHead, HeadRefusal> parse_request_head(std::string_view bytes,
                                                          const HttpLimits& limits) {
  RequestHead head;
  std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return malformed("there is no request line");
  if (auto refusal = parse_request_line(bytes.substr(0, end), head)) return *refusal;
  const bool http11 = head.keep_alive;
  const std::size_t fields_start = end + 2;
  if (bytes.size() - fields_start > limits.header_bytes) {
    return HeadRefusal{
        431, "header_too_large",
        fmt::format("the header is over max-header ({} bytes)", limits.header_bytes)};
  }
  std::size_t count = 0;
  for (std::size_t start = fields_start; start < bytes.size(); start = end + 2) {
    end = bytes.find("\r\n", start);
    if (end == std::string_view::npos) return malformed("a header line has no end");
    if (end == start) break;
    auto field = parse_field_line(bytes.substr(start, end - start));
    if (!field) return malformed("a header line is not NAME: VALUE");
    if (++count > limits.header_count) {
      return HeadRefusal{
          431, "header_too_large",
          fmt::format("there are over max-header-count ({}) header lines", limits.header_count)};
    }
    head.request.fields.add(std::move(field->first), std::move(field->second));
  }
  if (auto refusal = read_framing(head)) return *refusal;
  if (auto refusal = read_host(head, http11)) return *refusal;
  if (auto refusal = read_connection(head)) return *refusal;
  return head;
}

std::optional<std::pair<std::string, std::string>> parse_field_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  // A name that is not a token covers folded lines and space before the colon.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
  const std::string_view value = trim(line.substr(colon + 1));
  const auto allowed = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
  };
  if (!std::all_of(value.begin(), value.end(), allowed)) return std::nullopt;
  return std::pair(std::string(line.substr(0, colon)), std::string(value));
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string encoded(text);
  if (plus_is_space) std::replace(encoded.begin(), encoded.end(), '+', ' ');
  std::optional<std::string> decoded = percent_decode(encoded);
  if (decoded && decoded->find('\0') != std::string::npos) return std::nullopt;
  return decoded;
}

}  // namespace thumbmill
