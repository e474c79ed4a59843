#include "api/representation.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "api/problem.h"
#include "base/ascii.h"
#include "net/http_date.h"

namespace thumbmill {
namespace {

// Whether `list` of entity tags (or "*") has `etag`. Weak comparison takes W/"x" for "x"
// (RFC 9110, section 8.8.3.2).
bool has_etag(std::string_view list, std::string_view etag, bool weak) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    // Our own tags have no commas, so that cutting at commas cannot make a false match.
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view tag = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (weak && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

bool modified_since(const Representation& representation, std::string_view date) {
  const auto since = parse_http_date(date);
  if (!since || !representation.modified) return true;
  return std::chrono::floor<std::chrono::seconds>(*representation.modified) > *since;
}

bool precondition_fails(const Representation& representation, const HttpRequest& request) {
  if (const auto match = request.fields.get("If-Match")) {
    return !has_etag(*match, representation.etag, false);
  }
  const auto unmodified = request.fields.get("If-Unmodified-Since");
  return unmodified && parse_http_date(*unmodified) && modified_since(representation, *unmodified);
}

bool not_modified(const Representation& representation, const HttpRequest& request) {
  if (const auto none_match = request.fields.get("If-None-Match")) {
    return has_etag(*none_match, representation.etag, true);
  }
  const auto since = request.fields.get("If-Modified-Since");
  return since && !modified_since(representation, *since);
}

struct WholeBody {};
struct Unsatisfiable {};
struct Range {
  std::uint64_t first;
  std::uint64_t size;
};

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

std::variant<WholeBody, Unsatisfiable, Range> parse_range(std::string_view text,
                                                          std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return WholeBody();
  text = trim(text.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) {
    return WholeBody();
  }
  const std::string_view last_text = text.substr(dash + 1);
  if (dash == 0) {
    const auto suffix = number(last_text);
    if (!suffix) return WholeBody();
    if (*suffix == 0 || size == 0) return Unsatisfiable();
    const std::uint64_t length = std::min(*suffix, size);
    return Range{size - length, length};
  }
  const auto first = number(text.substr(0, dash));
  const auto last = last_text.empty() ? std::optional(UINT64_MAX) : number(last_text);
  if (!first || !last || *last < *first) return WholeBody();
  if (*first >= size) return Unsatisfiable();
  return Range{*first, std::min(*last, size - 1) - *first + 1};
}

std::variant<WholeBody, Unsatisfiable, Range> wanted_range(const Representation& representation,
                                                           const HttpRequest& request) {
  const auto range = request.fields.get("Range");
  if (!range || request.method != "GET") return WholeBody();
  if (const auto if_range = request.fields.get("If-Range")) {
    // A date is a weak validator where we could write twice in a second: only the tag counts.
    if (trim(*if_range) != representation.etag) return WholeBody();
  }
  return parse_range(*range, representation.body.size());
}

}  // namespace

HttpResponse serve(const Representation& representation, const HttpRequest& request) {
  if (precondition_fails(representation, request)) {
    return problem_response(Problem::precondition_failed, "the entity tag or date does not match",
                            request);
  }
  HttpResponse response;
  response.fields = representation.fields;
  response.fields.add("ETag", representation.etag);
  if (representation.modified) {
    response.fields.add("Last-Modified", http_date(*representation.modified));
  }
  if (not_modified(representation, request)) {
    response.status = 304;
    return response;
  }
  response.fields.add("Content-Type", representation.content_type);
  response.fields.add("Accept-Ranges", "bytes");
  const std::uint64_t size = representation.body.size();
  const auto range = wanted_range(representation, request);
  if (std::holds_alternative<Unsatisfiable>(range)) {
    HttpResponse refused = problem_response(Problem::range_not_satisfiable,
                                            fmt::format("there are {} bytes", size), request);
    refused.fields.add("Content-Range", fmt::format("bytes */{}", size));
    return refused;
  }
  if (const auto* part = std::get_if<Range>(&range)) {
    response.status = 206;
    response.fields.add("Content-Range", fmt::format("bytes {}-{}/{}", part->first,
                                                     part->first + part->size - 1, size));
    response.body = representation.body.slice(part->first, part->size);
  } else {
    response.body = representation.body;
  }
  return response;
}

}  // namespace thumbmill
