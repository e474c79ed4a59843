#include <cstdio>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "app/commands.h"
#include "app/configuration_page.h"
#include "app/setting_flags.h"
#include "base/without_secrets.h"

namespace thumbmill {
namespace {

std::string shown(const Option& option, const Settings& settings) {
  const std::string value = option.get(settings);
  return option.is_address ? without_secrets(value) : value;
}

void print_text(const LoadedSettings& loaded) {
  std::string group;
  for (const Option& option : option_table()) {
    if (option.group != group) fmt::print("{}# {}\n", group.empty() ? "" : "\n", option.group);
    group = option.group;
    fmt::print("{:<20} {:<22} {}\n", option.name, shown(option, loaded.settings),
               loaded.origins.at(option.name));
  }
  fmt::print("\n# Named renditions\n");
  for (const auto& [name, spec] : loaded.settings.renditions) {
    fmt::print("{:<20} {}\n", name, describe_rendition(spec));
  }
}

void print_json(const LoadedSettings& loaded) {
  boost::json::object settings;
  for (const Option& option : option_table()) {
    boost::json::object setting;
    setting["value"] = shown(option, loaded.settings);
    setting["origin"] = loaded.origins.at(option.name);
    settings[option.name] = std::move(setting);
  }
  boost::json::object renditions;
  for (const auto& [name, spec] : loaded.settings.renditions)
    renditions[name] = describe_rendition(spec);
  boost::json::object root;
  root["settings"] = std::move(settings);
  root["renditions"] = std::move(renditions);
  fmt::print("{}\n", boost::json::serialize(root));
}

}  // namespace

int cmd_config(int argc, char** argv) {
  CLI::App app("Prints the effective settings and where each comes from.", "thumbmill config");
  const SettingFlags flags(app);
  bool json = false;
  bool page = false;
  app.add_flag("--json", json, "For scripts");
  app.add_flag("--markdown", page, "The reference page of all settings (docs/configuration.md)");
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  if (page) {
    fmt::print("{}", configuration_page());
    return EX_OK;
  }
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  for (const std::string& warning : loaded->warnings)
    fmt::print(stderr, "thumbmill: {}\n", warning);
  json ? print_json(*loaded) : print_text(*loaded);
  return EX_OK;
}

}  // namespace thumbmill
