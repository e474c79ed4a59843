#include "queue/celery/celery_message.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "model/json.h"
#include "model/object_key.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostMessageBytes = 1 << 20;

Status no_message(std::string_view what) {
  return Status(Code::corrupt_input, fmt::format("no Celery message of protocol 2: {}", what));
}

Status cannot_take(std::string_view why) {
  return Status(Code::unsupported, fmt::format("a Celery message with {}", why));
}

// RFC 4648, section 4; nothing when it is not that.
std::optional<std::string> base64_decode(std::string_view text) {
  std::string decoded;
  std::uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char c : text) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return decoded;
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

Result<std::string> body_of(const boost::json::object& envelope,
                            const boost::json::object& properties) {
  const std::string type = json::get_string(envelope, "content-type").value_or("");
  if (type != "application/json") {
    return cannot_take(fmt::format("content type \"{}\": task_serializer must be json", type));
  }
  auto body = json::get_string(envelope, "body");
  if (!body) return no_message("it has no body");
  if (json::get_string(properties, "body_encoding").value_or("") == "base64") {
    body = base64_decode(*body);
    if (!body) return no_message("its body is not base64");
  }
  return *body;
}

Status read_body(std::string_view text, CeleryMessage& message) {
  boost::json::error_code error;
  boost::json::value body = boost::json::parse({text.data(), text.size()}, error);
  boost::json::array* parts = error ? nullptr : body.if_array();
  const bool whole = parts != nullptr && parts->size() == 3;
  boost::json::array* args = whole ? (*parts)[0].if_array() : nullptr;
  boost::json::object* kwargs = whole ? (*parts)[1].if_object() : nullptr;
  if (args == nullptr || kwargs == nullptr) {
    return no_message("its body is not [args, kwargs, embed]");
  }
  if (const boost::json::object* embed = (*parts)[2].if_object()) {
    for (const char* part : {"callbacks", "errbacks", "chain", "chord"}) {
      if (!is_nothing(*embed, part)) {
        return cannot_take(fmt::format("{}: what follows a task is Celery's to do", part));
      }
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

// An argument as text, when it is one or a whole number.
std::optional<std::string> text_of(const boost::json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (const boost::json::string* text = value->if_string()) return std::string(*text);
  if (const std::int64_t* number = value->if_int64()) return std::to_string(*number);
  return std::nullopt;
}

const boost::json::value* argument(std::string_view name, const CeleryMessage& message) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error == std::errc() && end == name.data() + name.size())
    return message.args.if_contains(index);
  return message.kwargs.if_contains(name);
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
  if (text.size() > kMostMessageBytes) return cannot_take("more than 1 MiB");
  const auto envelope = json::parse_object(text, "the message");
  if (!envelope.ok()) return no_message("it is no JSON object");
  const boost::json::object* headers = object_in(*envelope, "headers");
  const boost::json::object* properties = object_in(*envelope, "properties");
  if (headers == nullptr || properties == nullptr) return no_message("headers, properties");
  CeleryMessage message;
  message.id = json::get_string(*headers, "id").value_or("");
  message.name = json::get_string(*headers, "task").value_or("");
  if (message.id.empty() || message.name.empty()) return no_message("id, task");
  if (!is_nothing(*headers, "compression")) return cannot_take("compression");
  message.ignore_result = json::get_bool(*headers, "ignore_result").value_or(false);
  ASSIGN_OR_RETURN(message.eta, time_in(*headers, "eta"));
  ASSIGN_OR_RETURN(message.expires, time_in(*headers, "expires"));
  ASSIGN_OR_RETURN(const std::string body, body_of(*envelope, *properties));
  RETURN_IF_ERROR(read_body(body, message));
  return message;
}

Result<std::string> fill_template(std::string_view text, const CeleryMessage& message) {
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
      const auto value = text_of(argument(name, message));
      if (!value) {
        return Status(Code::invalid_argument,
                      fmt::format("the task has no argument {{{}}} that is a text", name));
      }
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
