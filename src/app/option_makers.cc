#include "app/option_makers.h"

#include <charconv>

#include <fmt/format.h>

#include "app/units.h"

namespace thumbmill {

using std::chrono::milliseconds;

namespace {

// `value` when it is there and within the bounds.
template <typename T>
std::optional<T> within(std::optional<T> value, T least, T most) {
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text != "true" && text != "false") return std::nullopt;
  return text == "true";
}

std::optional<std::vector<std::string>> parse_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    names.emplace_back(text.substr(start, end - start));
    if (!is_rendition_name(names.back())) return std::nullopt;
    start = end + 1;
  }
  return names;
}

}  // namespace

Status not_allowed(std::string_view text, std::string_view allowed) {
  return Status(Code::invalid_argument,
                fmt::format("\"{}\" is not allowed; allowed: {}", text, allowed));
}

Option text_option(const std::string& name, std::string Settings::*member,
                   const std::string& default_value, const std::string& allowed,
                   const std::string& help) {
  return option_of<std::string>(name, member, default_value, help,
                                {.allowed = allowed,
                                 .parse = [](std::string_view text) { return std::string(text); },
                                 .format = [](const std::string& value) { return value; }});
}

Option address_option(const std::string& name, std::string Settings::*member,
                      const std::string& default_value, const std::string& allowed,
                      const std::string& help) {
  Option option = text_option(name, member, default_value, allowed, help);
  option.is_address = true;
  return option;
}

Option count_option(const std::string& name, std::uint64_t Settings::*member,
                    std::uint64_t default_value, std::uint64_t least, std::uint64_t most,
                    const std::string& help) {
  return option_of<std::uint64_t>(
      name, member, std::to_string(default_value), help,
      {.allowed = fmt::format("{} to {}", least, most),
       .parse = [=](std::string_view text) { return within(parse_count(text), least, most); },
       .format = [](std::uint64_t value) { return std::to_string(value); }});
}

Option size_option(const std::string& name, std::uint64_t Settings::*member,
                   const std::string& default_value, std::uint64_t least, std::uint64_t most,
                   const std::string& help) {
  return option_of<std::uint64_t>(
      name, member, default_value, help,
      {.allowed = fmt::format("{} to {}", format_size_bytes(least), format_size_bytes(most)),
       .parse = [=](std::string_view text) { return within(parse_size_bytes(text), least, most); },
       .format = format_size_bytes});
}

Option duration_option(const std::string& name, milliseconds Settings::*member,
                       const std::string& default_value, milliseconds least, milliseconds most,
                       const std::string& help) {
  return option_of<milliseconds>(
      name, member, default_value, help,
      {.allowed = fmt::format("{} to {}", format_duration(least), format_duration(most)),
       .parse = [=](std::string_view text) { return within(parse_duration(text), least, most); },
       .format = format_duration});
}

Option switch_option(const std::string& name, bool Settings::*member, const std::string& help) {
  Option option =
      option_of<bool>(name, member, "false", help,
                      {.allowed = "true, false", .parse = parse_switch, .format = [](bool value) {
                         return std::string(value ? "true" : "false");
                       }});
  option.is_switch = true;
  return option;
}

Option listen_option(const std::string& name, ListenAddress Settings::*member,
                     const std::string& default_value, const std::string& help) {
  return option_of<ListenAddress>(name, member, default_value, help,
                                  {.allowed = "HOST:PORT, :PORT or PORT; port 0 takes any free one",
                                   .parse = parse_listen_address,
                                   .format = format_listen_address});
}

Option addresses_option(const std::string& name, AddressSet Settings::*member,
                        const std::string& default_value, const std::string& help) {
  return option_of<AddressSet>(
      name, member, default_value, help,
      {.allowed = "addresses and networks such as 10.0.0.0/8 separated by commas; empty: none",
       .parse = AddressSet::parse,
       .format = [](const AddressSet& addresses) { return addresses.to_string(); }});
}

Option formats_option(const std::string& name, FormatSet Settings::*member,
                      const std::string& default_value, const std::string& help) {
  return option_of<FormatSet>(
      name, member, default_value, help,
      {.allowed = FormatSet().to_string() + ", separated by commas",
       .parse = [](std::string_view text) { return FormatSet::parse(text); },
       .format = [](const FormatSet& formats) { return formats.to_string(); }});
}

Option names_option(const std::string& name, std::vector<std::string> Settings::*member,
                    const std::string& default_value, const std::string& help) {
  return option_of<std::vector<std::string>>(name, member, default_value, help,
                                             {.allowed = "names of renditions, separated by commas",
                                              .parse = parse_names,
                                              .format = [](const std::vector<std::string>& names) {
                                                return fmt::format("{}", fmt::join(names, ","));
                                              }});
}

}  // namespace thumbmill
