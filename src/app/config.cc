#include "app/config.h"

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "app/units.h"
#include "base/read_file.h"
#include "model/rendition_pixels.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostFileBytes = 1 << 20;

constexpr std::string_view kEnvironmentPrefix = "THUMBMILL_";

// Variables of ours that are not settings: the file's path is read before any setting, the API key
// is for commands that talk to a server, the rest belongs to tests and benchmarks.
const std::set<std::string_view> kOtherVariables = {
    "THUMBMILL_CONFIG", "THUMBMILL_CORPUS", "THUMBMILL_BIN", "THUMBMILL_URL", "THUMBMILL_API_KEY"};

// These stand where a rendition's name would in an image's URLs, and so no rendition could be
// reached under them (docs/api.md).
const std::set<std::string_view> kReservedNames = {"original", "events"};

Status apply(const Option& option, std::string_view value, const std::string& origin,
             LoadedSettings& loaded) {
  if (const Status set = option.set(value, loaded.settings); !set.ok()) {
    return set.with_context(fmt::format("setting {} ({})", option.name, origin));
  }
  loaded.origins[option.name] = origin;
  return Status();
}

// A TOML scalar, or an array of strings, as the text that a flag would have.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string joined;
  for (const toml::node& element : *array) {
    if (!element.is_string()) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + element.as_string()->get();
  }
  return joined;
}

Result<RenditionSpec> read_rendition(const std::string& name, const toml::node& node) {
  const std::string where = fmt::format("[renditions.{}]", name);
  const toml::table* table = node.as_table();
  if (table == nullptr) return Status(Code::invalid_argument, where + " is not a table");
  RenditionSpec spec;
  spec.name = name;
  for (const auto& [key, value] : *table) {
    const auto text = text_of(value);
    const Status set =
        text ? set_rendition_option(key.str(), *text, spec)
             : Status(Code::invalid_argument, "must be text, a number or a truth value");
    if (!set.ok())
      return set.with_context(fmt::format("{} {}", where, std::string_view(key.str())));
  }
  const Status valid = validate(spec);
  if (!valid.ok()) return valid.with_context(where);
  return spec;
}

Status read_renditions(const toml::node& node, Settings& settings) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Status(Code::invalid_argument, "[renditions] is not a table");
  for (const auto& [key, value] : *table) {
    const std::string name(key.str());
    if (kReservedNames.contains(name)) {
      return Status(Code::invalid_argument,
                    fmt::format("[renditions.{}]: this name is the API's own", name));
    }
    ASSIGN_OR_RETURN(settings.renditions[name], read_rendition(name, value));
  }
  return Status();
}

Status read_settings(const std::string& path, const std::vector<Option>& table,
                     LoadedSettings& loaded) {
  const std::string origin = "file " + path;
  const Result<std::string> toml_text =
      read_file(path, "the configuration file " + path, kMostFileBytes);
  if (!toml_text.ok()) {
    return Status(Code::invalid_argument, toml_text.status().message(),
                  toml_text.status().detail());
  }
  toml::table root;
  try {
    root = toml::parse(*toml_text, path);
  } catch (const toml::parse_error& error) {
    std::ostringstream where;
    where << error.source().begin;
    return Status(Code::invalid_argument, fmt::format("configuration file {}, {}: {}", path,
                                                      where.str(), error.description()));
  }
  for (const auto& [key, value] : root) {
    const std::string name(key.str());
    if (name == "renditions") {
      RETURN_IF_ERROR(
          read_renditions(value, loaded.settings).with_context("configuration file " + path));
      continue;
    }
    const auto option =
        std::find_if(table.begin(), table.end(), [&](const Option& o) { return o.name == name; });
    const auto text = text_of(value);
    if (option == table.end() || !text) {
      return Status(
          Code::invalid_argument,
          fmt::format("configuration file {}: {} \"{}\"; `thumbmill config` lists the settings",
                      path, option == table.end() ? "there is no setting" : "this is no value for",
                      name));
    }
    RETURN_IF_ERROR(apply(*option, *text, origin, loaded));
  }
  return Status();
}

// PORT is what container platforms set; it moves the port and leaves the address.
Status apply_port_variable(const SettingSources& sources, LoadedSettings& loaded) {
  const auto port = sources.environment.find("PORT");
  if (port == sources.environment.end() || port->second.empty()) return Status();
  const auto address = parse_listen_address(port->second);
  if (!address || port->second.find(':') != std::string::npos) {
    return Status(Code::invalid_argument,
                  fmt::format("environment PORT is \"{}\"; allowed: 0 to 65535", port->second));
  }
  loaded.settings.listen.port = address->port;
  loaded.origins["listen"] = "environment PORT";
  return Status();
}

Status read_sources_environment(const SettingSources& sources, const std::vector<Option>& table,
                                LoadedSettings& loaded) {
  RETURN_IF_ERROR(apply_port_variable(sources, loaded));
  for (const auto& variable : sources.environment) {
    const std::string& name = variable.first;
    if (!name.starts_with(kEnvironmentPrefix) || kOtherVariables.contains(name)) continue;
    const auto option = std::find_if(table.begin(), table.end(),
                                     [&](const Option& o) { return o.environment_name() == name; });
    if (option == table.end()) {
      // Not refused: Kubernetes sets such variables for every Service whose name begins like ours.
      loaded.warnings.push_back(fmt::format("environment variable {} is no setting", name));
      continue;
    }
    RETURN_IF_ERROR(apply(*option, variable.second, "environment " + name, loaded));
  }
  return Status();
}

Status check_rendition_pixels(const Settings& settings) {
  for (const auto& [name, spec] : settings.renditions) {
    RETURN_IF_ERROR(check_boxes({spec}, settings.max_rendition_pixels)
                        .with_context(fmt::format("[renditions.{}]", name)));
  }
  std::vector<RenditionSpec> defaults;
  for (const std::string& name : settings.default_renditions) {
    defaults.push_back(settings.renditions.at(name));
  }
  return check_boxes(defaults, settings.max_rendition_pixels)
      .with_context("setting default-renditions");
}

// What no single setting can be checked for.
Status check_together(const Settings& settings) {
  for (const std::string& name : settings.default_renditions) {
    if (!settings.renditions.contains(name)) {
      return Status(
          Code::invalid_argument,
          fmt::format("setting default-renditions names \"{}\", which no [renditions.{}] of the "
                      "configuration file describes",
                      name, name));
    }
  }
  if (settings.default_renditions.size() > kMaxRenditionsPerJob) {
    return Status(Code::invalid_argument,
                  fmt::format("setting default-renditions names {} renditions; allowed: "
                              "1 to {}",
                              settings.default_renditions.size(), kMaxRenditionsPerJob));
  }
  RETURN_IF_ERROR(check_rendition_pixels(settings));
  const std::uint64_t largest = std::max(settings.max_body_bytes, settings.max_form_bytes);
  if (settings.upload_burst_bytes > 0 && settings.upload_burst_bytes < largest) {
    return Status(
        Code::invalid_argument,
        fmt::format("setting upload-burst is {}; allowed: 0, or at least max-body and "
                    "max-form ({}), or the largest upload would never be let in",
                    format_size_bytes(settings.upload_burst_bytes), format_size_bytes(largest)));
  }
  if (settings.lease_renewal >= settings.lease_patience ||
      settings.lease_patience >= settings.lease) {
    return Status(Code::invalid_argument,
                  "settings lease-renewal, lease-patience and lease must rise in this order");
  }
  return Status();
}

}  // namespace

Result<LoadedSettings> load_settings(const SettingSources& sources) {
  const std::vector<Option> table = option_table();
  LoadedSettings loaded;
  loaded.settings.renditions["thumb"] = RenditionSpec();
  for (const Option& option : table) {
    RETURN_IF_ERROR(apply(option, option.default_value, "default", loaded));
  }
  if (sources.file) RETURN_IF_ERROR(read_settings(*sources.file, table, loaded));
  RETURN_IF_ERROR(read_sources_environment(sources, table, loaded));
  for (const Option& option : table) {
    const auto flag = sources.flags.find(option.name);
    if (flag == sources.flags.end()) continue;
    RETURN_IF_ERROR(apply(option, flag->second, "flag --" + option.name, loaded));
  }
  RETURN_IF_ERROR(check_together(loaded.settings));
  return loaded;
}

std::map<std::string, std::string> read_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

}  // namespace thumbmill
