// Config: puts the settings together from flags, environment, file and defaults, in that order of
// precedence, and remembers where each came from.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/option_table.h"
#include "app/settings.h"
#include "base/status.h"

namespace thumbmill {

/// Everything settings can come from.
struct SettingSources {
  std::map<std::string, std::string> flags;        ///< by setting name, as given
  std::map<std::string, std::string> environment;  ///< all variables; others than ours are ignored
  std::optional<std::string> file;                 ///< path of a TOML file
};

struct LoadedSettings {
  Settings settings;
  std::map<std::string, std::string> origins;  ///< by setting name: "default", "file <path>",
                                               ///< "environment <NAME>" or "flag --<name>"
  std::vector<std::string> warnings;           ///< of THUMBMILL_* variables that are no setting
};

/// invalid_argument for a value that is not allowed, an unknown key, or settings that contradict
/// each other; the message names the setting, where the value came from and what is allowed.
/// not_found when there is no such file.
Result<LoadedSettings> load_settings(const SettingSources& sources);

/// The process's environment variables.
std::map<std::string, std::string> read_environment();

}  // namespace thumbmill
