#include "queue/celery/celery_options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/percent.h"

namespace thumbmill {
namespace {

constexpr std::string_view kScheme = "celery+";
constexpr std::string_view kParameters =
    "task, parameters, queue, key_prefix, priority_steps, sep, visibility_timeout, result, "
    "result_key_prefix, source, target, remove_source";

// Never repeats a part of the URL, as redis/options.cc does not.
Status wrong(std::string why) {
  return Status(Code::invalid_argument, "the Celery URL " + std::move(why));
}

// Whether every brace of a template holds an argument's number or name.
bool is_template(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '}') return false;
    if (text[at] != '{') continue;
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos || end == at + 1) return false;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    const auto allowed = [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    if (!std::all_of(name.begin(), name.end(), allowed)) return false;
    at = end;
  }
  return true;
}

Status read_template(std::string_view name, std::string value, std::string& into) {
  if (!is_template(value)) {
    return wrong(
        fmt::format("has another {}; allowed: a key with {{0}}, {{1}} ... or {{name}} for the "
                    "task's arguments",
                    name));
  }
  into = std::move(value);
  return Status();
}

// Takes what stands before the first comma, or all of it, off the front of `rest`.
std::string_view take_item(std::string_view& rest) {
  const std::string_view item = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(rest.size(), item.size() + 1));
  return item;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status read_priority_steps(std::string_view text, std::vector<int>& steps) {
  steps.clear();
  while (!text.empty()) {
    const std::optional<int> step = number(take_item(text));
    if (!step || *step < 0 || *step > 255 || (!steps.empty() && *step <= steps.back())) {
      return wrong(
          "has other priority_steps; allowed: ascending numbers from 0 to 255, as 0,3,6,9");
    }
    steps.push_back(*step);
  }
  return Status();
}

// Where results go: "/1" is a database of the broker's server.
Status read_result(const std::string& text, CeleryOptions& options) {
  options.results = options.redis;
  if (text.empty()) return Status();
  if (text.starts_with('/')) {
    const std::optional<int> database = number(std::string_view(text).substr(1));
    if (!database || *database < 0) {
      return wrong("has a result that is no database; allowed: /0, /1 ... or a Redis URL");
    }
    options.results.database = *database;
    return Status();
  }
  Result<RedisOptions> results = parse_redis_url(text);
  if (!results.ok()) {
    return wrong(
        fmt::format("has a result that cannot be served: of Celery's result backends it can "
                    "be Redis only; {}",
                    results.status().message()));
  }
  options.results = std::move(results).value();
  return Status();
}

Status read_parameter(std::string_view name, std::string value, CeleryOptions& options) {
  if (name == "task") {
    options.task = std::move(value);
  } else if (name == "parameters") {
    for (std::string_view rest = value; !rest.empty();) {
      options.parameters.emplace_back(take_item(rest));
    }
  } else if (name == "queue") {
    options.queue = std::move(value);
  } else if (name == "key_prefix") {
    options.key_prefix = std::move(value);
  } else if (name == "priority_steps") {
    return read_priority_steps(value, options.priority_steps);
  } else if (name == "sep") {
    options.separator = std::move(value);
  } else if (name == "result_key_prefix") {
    options.result_key_prefix = std::move(value);
  } else if (name == "source") {
    return read_template(name, std::move(value), options.source);
  } else if (name == "target") {
    return read_template(name, std::move(value), options.target);
  } else if (name == "remove_source") {
    if (value != "yes" && value != "no") return wrong("has remove_source; allowed: yes, no");
    options.remove_source = value == "yes";
  } else if (name == "visibility_timeout") {
    const std::optional<int> seconds = number(value);
    if (!seconds || *seconds < 1) {
      return wrong("has a visibility_timeout that is none; allowed: seconds from 1");
    }
    options.visibility_timeout = std::chrono::seconds(*seconds);
  } else {
    return wrong(fmt::format("has an unknown parameter; allowed: {}, and those of a Redis URL",
                             kParameters));
  }
  return Status();
}

// Whether it is ours; the Redis URL has its own.
bool is_redis_parameter(std::string_view name) { return name == "db" || name == "ca"; }

}  // namespace

bool is_celery_url(std::string_view url) { return url.starts_with(kScheme); }

Result<CeleryOptions> parse_celery_url(std::string_view url) {
  if (!is_celery_url(url)) return wrong("must begin with celery+redis://");
  url.remove_prefix(kScheme.size());
  CeleryOptions options;
  const std::size_t question = url.find('?');
  std::string redis_url(url.substr(0, question));
  std::string_view rest = question == std::string_view::npos ? "" : url.substr(question + 1);
  char joint = '?';
  std::string result;
  while (!rest.empty()) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
    const std::size_t equals = parameter.find('=');
    const std::string_view name = parameter.substr(0, equals);
    if (is_redis_parameter(name)) {
      redis_url += joint;
      redis_url += parameter;
      joint = '&';
      continue;
    }
    auto value = equals == std::string_view::npos ? std::nullopt
                                                  : percent_decode(parameter.substr(equals + 1));
    if (!value || value->empty()) return wrong("has a parameter without a value");
    if (name == "result") {
      result = std::move(*value);
    } else {
      RETURN_IF_ERROR(read_parameter(name, std::move(*value), options));
    }
  }
  if (options.task.empty()) return wrong("names no task: celery+redis://HOST/DB?task=NAME");
  ASSIGN_OR_RETURN(options.redis, parse_redis_url(redis_url));
  RETURN_IF_ERROR(read_result(result, options));
  return options;
}

}  // namespace thumbmill
