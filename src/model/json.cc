#include "model/json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/utf8.h"

namespace thumbmill::json {
namespace {

// The one ASCII character that is not printable and that JSON leaves unescaped.
constexpr std::uint32_t kDelete = 0x7f;

}  // namespace
Result<boost::json::object> parse_object(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  boost::json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    return Status(Code::corrupt_input, fmt::format("{} is not a JSON object", what),
                  error ? error.message() : "another kind of value");
  }
  return std::move(*object);
}

std::optional<std::string> get_string(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::nullopt : std::optional<std::string>(*text);
}

std::optional<std::int64_t> get_int(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<bool> get_bool(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  const bool* flag = value == nullptr ? nullptr : value->if_bool();
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

std::string to_ascii(const boost::json::object& object) {
  const std::string utf8 = boost::json::serialize(object);
  std::string ascii;
  ascii.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    std::uint32_t point = 0;
    const std::size_t length = decode_utf8(std::string_view(utf8).substr(at), point);
    at += length == 0 ? 1 : length;
    if (length == 1 && point != kDelete) {
      ascii.push_back(static_cast<char>(point));
    } else if (length == 0) {
      ascii += "\\ufffd";
    } else if (point < 0x10000) {
      ascii += fmt::format("\\u{:04x}", point);
    } else {
      point -= 0x10000;
      ascii += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
    }
  }
  return ascii;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t point = 0;
    const std::size_t length = decode_utf8(text.substr(at), point);
    if (length == 0) {
      valid += "\xef\xbf\xbd";
      ++at;
    } else {
      valid.append(text.substr(at, length));
      at += length;
    }
  }
  return valid;
}

}  // namespace thumbmill::json
