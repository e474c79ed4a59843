#include "base/log.h"

#include <cmath>

#include <fmt/format.h>
#include <unistd.h>

#include "base/utf8.h"

namespace thumbmill {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

// JSON strings (RFC 8259, section 7). Bytes over 0x7f pass as they are when they are UTF-8; clients
// choose file names, so stray bytes are replaced rather than trusted.
void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t point = 0;
    const std::size_t length = decode_utf8(text.substr(at), point);
    if (length == 0) {
      out += "\\ufffd";
    } else if (point == '"' || point == '\\') {
      out.push_back('\\');
      out.push_back(text[at]);
    } else if (point == '\n') {
      out += "\\n";
    } else if (point < 0x20 || point == 0x7f) {
      out += fmt::format("\\u{:04x}", point);
    } else {
      out.append(text.substr(at, length));
    }
    at += length == 0 ? 1 : length;
  }
  out.push_back('"');
}

void append_value(std::string& out, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    append_json_string(out, *text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *whole);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    if (std::isfinite(*real)) {
      fmt::format_to(std::back_inserter(out), "{:.6g}", *real);
    } else {
      out += "null";
    }
  } else {
    out += std::get<bool>(field.value) ? "true" : "false";
  }
}

std::string json_line(std::string_view time, LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","message":)", time, level_name(level));
  append_json_string(line, message);
  for (const LogField& field : fields) {
    line.push_back(',');
    append_json_string(line, field.name);
    line.push_back(':');
    append_value(line, field);
  }
  line += "}\n";
  return line;
}

std::string text_line(std::string_view time, LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = fmt::format("{} {:<7} {}", time.substr(11, 12), level_name(level), message);
  for (const LogField& field : fields) {
    line += fmt::format("  {}=", field.name);
    append_value(line, field);
  }
  line.push_back('\n');
  return line;
}

}  // namespace

void FdLogger::write(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
  if (level < least_) return;
  const std::string time = format_rfc3339(clock_.wall_now());
  const std::string line = format_ == LogFormat::json ? json_line(time, level, message, fields)
                                                      : text_line(time, level, message, fields);
  // The result is dropped on purpose: there is nowhere left to report it to.
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace thumbmill
