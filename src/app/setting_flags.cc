#include "app/setting_flags.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/utf8.h"

namespace thumbmill {

struct SettingFlags::Values {
  std::map<std::string, std::string> flags;
  std::string file;
};

SettingFlags::SettingFlags(CLI::App& app, const std::vector<std::string_view>& groups)
    : values_(std::make_shared<Values>()) {
  app.add_option("--config", values_->file,
                 "TOML file with settings (environment: THUMBMILL_CONFIG)")
      ->type_name("FILE")
      ->group("Where");
  for (const Option& option : option_table()) {
    const bool wanted =
        groups.empty() || std::find(groups.begin(), groups.end(), option.group) != groups.end();
    if (!wanted) continue;
    const auto store = [values = values_, name = option.name](const std::string& text) {
      values->flags[name] = text;
    };
    const std::string help = fmt::format("{} ({})", option.help, option.allowed);
    CLI::Option* flag = option.is_switch
                            ? app.add_flag_callback(
                                  "--" + option.name, [store] { store("true"); }, help)
                            : app.add_option_function<std::string>("--" + option.name, store, help)
                                  ->default_str(option.default_value)
                                  ->type_name("");
    flag->group(option.group);
  }
}

Result<LoadedSettings> SettingFlags::load() const {
  SettingSources sources{values_->flags, read_environment(), std::nullopt};
  const auto named = sources.environment.find("THUMBMILL_CONFIG");
  if (!values_->file.empty()) {
    sources.file = values_->file;
  } else if (named != sources.environment.end() && !named->second.empty()) {
    sources.file = named->second;
  }
  return load_settings(sources);
}

void add_api_key_option(CLI::App& app, std::string& key) {
  app.add_option("--api-key", key,
                 "Key of the server's API; better in the environment, which others cannot see")
      ->envname("THUMBMILL_API_KEY")
      ->type_name("KEY");
}

std::optional<int> parse_arguments(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    // By their names only: a value may be a URL with a password.
    std::string names;
    for (const std::string& word : app.remaining()) {
      if (word.starts_with('-')) names += " " + word.substr(0, word.find('='));
    }
    std::fprintf(stderr, "thumbmill: unknown arguments%s%s; --help lists those there are\n",
                 names.empty() ? "" : ":", names.c_str());
    return EX_USAGE;
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : EX_USAGE;
  }
  return std::nullopt;
}

int fail(const Status& status) {
  const std::string detail = status.detail().empty() ? "" : " (" + status.detail() + ")";
  std::fprintf(stderr, "thumbmill: %s\n", for_terminal(status.message() + detail).c_str());
  switch (status.code()) {
    case Code::invalid_argument:
      return EX_CONFIG;
    case Code::not_found:
      return EX_NOINPUT;
    case Code::unsupported:
    case Code::too_large:
    case Code::corrupt_input:
      return EX_DATAERR;
    case Code::unavailable:
    case Code::conflict:
      return EX_UNAVAILABLE;
    case Code::exhausted:
      return EX_OSERR;
    case Code::deadline_exceeded:
    case Code::cancelled:
      return EX_TEMPFAIL;
    default:
      return EX_SOFTWARE;
  }
}

}  // namespace thumbmill
