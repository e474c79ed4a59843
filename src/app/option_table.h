// The option table: one row a setting. Flags, environment variables, keys of the file, --help,
// `thumbmill config` and docs/configuration.md are all made of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/status.h"

namespace thumbmill {

struct Option {
  std::string name;           ///< of the flag without "--", and of the key in the file
  std::string group;          ///< heading in --help and in the docs
  std::string help;           ///< one sentence
  std::string allowed;        ///< the values it takes, for people
  std::string default_value;  ///< as text, parsed like any other value
  bool is_switch = false;     ///< a flag that may stand without a value
  bool is_address = false;    ///< may hold a password, so that people see it without_secrets()
  /// Parses and stores a value; invalid_argument saying what is allowed (the caller names where the
  /// value came from).
  std::function<Status(std::string_view text, Settings& settings)> set;
  /// The present value as text that set() takes.
  std::function<std::string(const Settings& settings)> get;

  /// "THUMBMILL_" and the name in upper snake case.
  std::string environment_name() const;
};

/// All settings, in the order of help and docs.
std::vector<Option> option_table();

/// Splits "host:port", "[v6]:port", ":port" or "port"; nothing when it is none of these.
std::optional<ListenAddress> parse_listen_address(std::string_view text);
std::string format_listen_address(const ListenAddress& address);

}  // namespace thumbmill
