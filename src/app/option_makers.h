// What the option table is made with: the row of one setting, by the type of the member that holds
// it. Internal to app.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/option_table.h"

namespace thumbmill {

/// How text becomes a value of one setting and back.
template <typename T>
struct Reading {
  std::string allowed;                                      ///< the values it takes, for people
  std::function<std::optional<T>(std::string_view)> parse;  ///< nothing: not allowed
  std::function<std::string(const T&)> format;              ///< text that parse() takes
};

/// invalid_argument saying that `text` is not one of `allowed`.
Status not_allowed(std::string_view text, std::string_view allowed);

template <typename T>
Option option_of(const std::string& name, T Settings::*member, const std::string& default_value,
                 const std::string& help, const Reading<T>& reading) {
  Option option{.name = name,
                .group = {},
                .help = help,
                .allowed = reading.allowed,
                .default_value = default_value,
                .set = {},
                .get = {}};
  option.get = [member, format = reading.format](const Settings& settings) {
    return format(settings.*member);
  };
  option.set = [member, parse = reading.parse, allowed = reading.allowed](std::string_view text,
                                                                          Settings& settings) {
    std::optional<T> value = parse(text);
    if (!value) return not_allowed(text, allowed);
    settings.*member = *std::move(value);
    return Status();
  };
  return option;
}

Option text_option(const std::string& name, std::string Settings::*member,
                   const std::string& default_value, const std::string& allowed,
                   const std::string& help);
/// A text option that may hold a password.
Option address_option(const std::string& name, std::string Settings::*member,
                      const std::string& default_value, const std::string& allowed,
                      const std::string& help);
Option count_option(const std::string& name, std::uint64_t Settings::*member,
                    std::uint64_t default_value, std::uint64_t least, std::uint64_t most,
                    const std::string& help);
Option size_option(const std::string& name, std::uint64_t Settings::*member,
                   const std::string& default_value, std::uint64_t least, std::uint64_t most,
                   const std::string& help);
Option duration_option(const std::string& name, std::chrono::milliseconds Settings::*member,
                       const std::string& default_value, std::chrono::milliseconds least,
                       std::chrono::milliseconds most, const std::string& help);
/// Off unless it is set.
Option switch_option(const std::string& name, bool Settings::*member, const std::string& help);
Option listen_option(const std::string& name, ListenAddress Settings::*member,
                     const std::string& default_value, const std::string& help);
/// Addresses and networks, separated by commas.
Option addresses_option(const std::string& name, AddressSet Settings::*member,
                        const std::string& default_value, const std::string& help);
/// Names of image formats that can be decoded, separated by commas.
Option formats_option(const std::string& name, FormatSet Settings::*member,
                      const std::string& default_value, const std::string& help);
/// Names of renditions, separated by commas.
Option names_option(const std::string& name, std::vector<std::string> Settings::*member,
                    const std::string& default_value, const std::string& help);

/// One of a few words, each of which stands for a value.
template <typename E, std::size_t N>
Option choice_option(const std::string& name, E Settings::*member, const std::string& default_value,
                     const std::array<std::pair<std::string_view, E>, N>& choices,
                     const std::string& help) {
  Reading<E> reading;
  for (const auto& [choice, value] : choices) {
    reading.allowed += (reading.allowed.empty() ? "" : ", ") + std::string(choice);
  }
  reading.parse = [choices](std::string_view text) -> std::optional<E> {
    for (const auto& [choice, value] : choices) {
      if (choice == text) return value;
    }
    return std::nullopt;
  };
  reading.format = [choices](const E& present) {
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [&](const auto& choice) { return choice.second == present; });
    return found == choices.end() ? std::string() : std::string(found->first);
  };
  return option_of(name, member, default_value, help, reading);
}

}  // namespace thumbmill
