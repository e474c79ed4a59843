// SettingFlags: the settings as flags of a command, read together with the environment and the
// file.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/option_table.h"
#include "base/status.h"

namespace CLI {
class App;
}

namespace thumbmill {

/// One thread at a time; must live until load().
class SettingFlags {
 public:
  /// Adds --config and a flag for every setting of these groups (all when empty) to `app`.
  explicit SettingFlags(CLI::App& app, const std::vector<std::string_view>& groups = {});

  /// What the command line, environment and file say; to be called after parsing.
  Result<LoadedSettings> load() const;

 private:
  struct Values;
  std::shared_ptr<Values> values_;  // shared with the parser's callbacks
};

/// Adds --api-key, also read from THUMBMILL_API_KEY, to a command that talks to a server.
void add_api_key_option(CLI::App& app, std::string& key);

/// Parses a command's arguments. Nothing when the command is to go on; otherwise the exit code: 0
/// after --help, EX_USAGE after a message on stderr.
std::optional<int> parse_arguments(CLI::App& app, int argc, char** argv);

/// Prints "thumbmill: <message>" with the detail on stderr; returns the sysexits(3) code for it.
int fail(const Status& status);

}  // namespace thumbmill
