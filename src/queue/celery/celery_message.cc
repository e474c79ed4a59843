#include "queue/celery/celery_message.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>

#include "model/json.h"
#include "model/object_key.h"
#include "queue/celery/celery_body.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostFollowers = 1'000;
constexpr double kLongestTimeLimit_s = 365 * 86'400;

Status no_message(std::string_view what) {
  return Status(Code::corrupt_input, fmt::format("no Celery message of protocol 2: {}", what));
}

Status cannot_take(std::string_view why) {
  return Status(Code::unsupported, fmt::format("a Celery message with {}", why));
}

const boost::json::object* object_in(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

bool is_nothing(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return true;
  const boost::json::array* list = value->if_array();
  return list != nullptr && list->empty();
}

// Signatures, however they are nested, have their ids in their options: Celery's canvas.
void collect_task_ids(const boost::json::value& value, std::vector<std::string>& ids) {
  if (const boost::json::array* list = value.if_array()) {
    for (const boost::json::value& one : *list) collect_task_ids(one, ids);
    return;
  }
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return;
  if (const boost::json::object* options = object_in(*object, "options")) {
    auto id = json::get_string(*options, "task_id");
    if (id && !id->empty() && ids.size() < kMostFollowers) ids.push_back(std::move(*id));
  }
  for (const auto& member : *object) collect_task_ids(member.value(), ids);
}

Status read_body(boost::json::value body, CeleryMessage& message) {
  boost::json::array* parts = body.if_array();
  const bool whole = parts != nullptr && parts->size() == 3;
  boost::json::array* args = whole ? (*parts)[0].if_array() : nullptr;
  boost::json::object* kwargs = whole ? (*parts)[1].if_object() : nullptr;
  if (args == nullptr || kwargs == nullptr) {
    return no_message("its body is not [args, kwargs, embed]");
  }
  if (const boost::json::object* embed = (*parts)[2].if_object()) {
    for (const char* part : {"callbacks", "errbacks", "chain", "chord"}) {
      if (is_nothing(*embed, part)) continue;
      collect_task_ids((*parts)[2], message.followers);
      return cannot_take(fmt::format("{}: what follows a task is Celery's to do", part));
    }
  }
  message.args = std::move(*args);
  message.kwargs = std::move(*kwargs);
  return Status();
}

Result<std::optional<WallTime>> time_in(const boost::json::object& headers, std::string_view name) {
  const auto text = json::get_string(headers, name);
  if (!text) return std::optional<WallTime>();
  const auto time = parse_iso_time(*text);
  if (!time) return cannot_take(fmt::format("{} \"{}\"", name, *text));
  return time;
}

// Of the header's pair, each a number of seconds or null, the shorter one.
std::optional<std::chrono::milliseconds> time_limit_in(const boost::json::object& headers) {
  const boost::json::value* limits = headers.if_contains("timelimit");
  const boost::json::array* pair = limits == nullptr ? nullptr : limits->if_array();
  std::optional<std::chrono::milliseconds> shortest;
  if (pair == nullptr) return shortest;
  for (const boost::json::value& limit : *pair) {
    if (!limit.is_number()) continue;
    const double seconds = limit.to_number<double>();
    if (!(seconds > 0 && seconds <= kLongestTimeLimit_s)) continue;
    const std::chrono::milliseconds time(static_cast<std::int64_t>(seconds * 1000));
    shortest = std::min(shortest.value_or(time), time);
  }
  return shortest;
}

// As str() of Python's has it, from its 32 digits.
std::optional<std::string> uuid_text(const boost::json::value& value) {
  const boost::json::object* fields = value.if_object();
  const auto hex = fields == nullptr ? std::nullopt : json::get_string(*fields, "hex");
  if (!hex || hex->size() != 32) return std::nullopt;
  std::string text = *hex;
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

// An argument as text, when it is one, a whole number, or what kombu wraps as {"__type__": ...,
// "__value__": ...}: kombu.utils.json.
std::optional<std::string> text_of(const boost::json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (const boost::json::string* text = value->if_string()) return std::string(*text);
  if (const std::int64_t* number = value->if_int64()) return std::to_string(*number);
  if (const std::uint64_t* number = value->if_uint64()) return std::to_string(*number);
  const boost::json::object* wrapped = value->if_object();
  if (wrapped == nullptr) return std::nullopt;
  const auto type = json::get_string(*wrapped, "__type__");
  const boost::json::value* inner = wrapped->if_contains("__value__");
  if (type == "uuid" && inner != nullptr) return uuid_text(*inner);
  if (type == "bytes" || type == "decimal" || type == "date") {
    return json::get_string(*wrapped, "__value__");
  }
  return std::nullopt;
}

std::optional<std::size_t> place_in_call(std::string_view name,
                                         const std::vector<std::string>& parameters) {
  std::size_t place = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), place);
  if (error == std::errc() && end == name.data() + name.size()) return place;
  const auto found = std::ranges::find(parameters, name);
  if (found == parameters.end()) return std::nullopt;
  return static_cast<std::size_t>(found - parameters.begin());
}

const boost::json::value* argument(std::string_view name, const CeleryMessage& message,
                                   const std::vector<std::string>& parameters) {
  if (const boost::json::value* named = message.kwargs.if_contains(name)) return named;
  const std::optional<std::size_t> place = place_in_call(name, parameters);
  if (!place) return nullptr;
  if (*place < message.args.size()) return &message.args[*place];
  if (*place < parameters.size()) return message.kwargs.if_contains(parameters[*place]);
  const bool is_only_one = *place == 0 && parameters.empty() && message.kwargs.size() == 1;
  return is_only_one ? &message.kwargs.begin()->value() : nullptr;
}

std::string why_no_argument(std::string_view name, const CeleryMessage& message) {
  std::string why = fmt::format("the task has no argument {{{}}} that is a text", name);
  if (!message.kwargs.empty()) {
    why +=
        "; name the task's parameters in the queue's URL (parameters=) where calls pass them by "
        "keyword";
  }
  return why;
}

Status read_task(const boost::json::object& envelope, const boost::json::object& headers,
                 CeleryMessage& message) {
  if (message.name.empty()) {
    return cannot_take("no name of a task in its headers: task_protocol must be 2");
  }
  ASSIGN_OR_RETURN(message.eta, time_in(headers, "eta"));
  ASSIGN_OR_RETURN(message.expires, time_in(headers, "expires"));
  if (!envelope.contains("body")) return no_message("it has no body");
  ASSIGN_OR_RETURN(boost::json::value value, decode_celery_body(envelope));
  return read_body(std::move(value), message);
}

}  // namespace

std::optional<WallTime> parse_iso_time(const std::string& text) {
  std::tm parts{};
  int length = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &length) != 6) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  --parts.tm_mon;
  std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(length));
  double fraction = 0;
  if (rest.starts_with('.')) {
    const std::size_t digits = rest.find_first_not_of("0123456789", 1);
    const std::string_view decimal = rest.substr(0, digits);
    std::from_chars(decimal.data(), decimal.data() + decimal.size(), fraction);
    rest.remove_prefix(decimal.size());
  }
  int offset_minutes = 0;
  if (rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':') {
    int hours = 0;
    int minutes = 0;
    std::from_chars(rest.data() + 1, rest.data() + 3, hours);
    std::from_chars(rest.data() + 4, rest.data() + 6, minutes);
    offset_minutes = (hours * 60 + minutes) * (rest[0] == '-' ? -1 : 1);
  } else if (!rest.empty() && rest != "Z") {
    return std::nullopt;
  }
  const std::int64_t seconds = ::timegm(&parts) - std::int64_t{60} * offset_minutes;
  return from_unix_ms(seconds * 1000 + static_cast<std::int64_t>(fraction * 1000));
}

Result<CeleryMessage> parse_celery_message(std::string_view text) {
  if (text.size() > kMostCeleryMessageBytes) return no_message("it has more than 1 MiB");
  const auto envelope = json::parse_object(text, "the message");
  if (!envelope.ok()) return no_message("it is no JSON object");
  const boost::json::object* headers = object_in(*envelope, "headers");
  const boost::json::object* properties = object_in(*envelope, "properties");
  if (headers == nullptr || properties == nullptr) return no_message("headers, properties");
  CeleryMessage message;
  message.id = json::get_string(*headers, "id")
                   .value_or(json::get_string(*properties, "correlation_id").value_or(""));
  if (message.id.empty()) return no_message("it has no id");
  message.name = json::get_string(*headers, "task").value_or("");
  message.time_limit = time_limit_in(*headers);
  message.ignore_result = json::get_bool(*headers, "ignore_result").value_or(false);
  message.refusal = read_task(*envelope, *headers, message);
  return message;
}

Result<std::string> fill_template(std::string_view text, const CeleryMessage& message,
                                  const std::vector<std::string>& parameters) {
  std::string filled;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{') {
      filled.push_back(text[at]);
      continue;
    }
    const std::size_t end = text.find('}', at);
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (name == "rendition" || name == "ext") {
      filled += text.substr(at, end - at + 1);
    } else if (name == "task_id") {
      filled += message.id;
    } else {
      const auto value = text_of(argument(name, message, parameters));
      if (!value) return Status(Code::invalid_argument, why_no_argument(name, message));
      // It may name no thumbnail's part, nor a place outside of the store.
      if (!is_object_key(*value)) {
        return Status(
            Code::invalid_argument,
            fmt::format("argument {{{}}} is \"{}\"; allowed: a key of letters, digits and "
                        "._-/, without empty parts, . and ..",
                        name, value->substr(0, 100)));
      }
      filled += *value;
    }
    at = end;
  }
  return filled;
}

}  // namespace thumbmill
