// The INI files that the AWS command line writes ("Configuration and credential file settings" in
// its User Guide).
#include <fstream>
#include <map>

#include "base/ascii.h"
#include "store/s3/credentials.h"

namespace thumbmill::s3 {
namespace {

using Section = std::map<std::string, std::string, std::less<>>;

/// The settings of section `wanted`; empty when the file or the section is not there.
Section read_section(const std::string& path, std::string_view wanted) {
  Section section;
  std::ifstream file(path);
  bool inside = false;
  for (std::string raw; std::getline(file, raw);) {
    if (!raw.empty() && raw.back() == '\r') raw.pop_back();
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::size_t end = line.find(']');
      inside = end != std::string_view::npos && trim(line.substr(1, end - 1)) == wanted;
      continue;
    }
    const std::size_t equals = line.find('=');
    // An indented line belongs to a nested setting, such as "s3 =".
    if (!inside || equals == std::string_view::npos || raw.front() == ' ' || raw.front() == '\t')
      continue;
    section.insert_or_assign(to_lower(trim(line.substr(0, equals))),
                             std::string(trim(line.substr(equals + 1))));
  }
  return section;
}

/// The profile's settings; those of the credentials file win.
Section read_profile(const Environment& environment, const std::string& profile) {
  const std::string home = variable(environment, "HOME");
  const auto file = [&](const char* name, const char* usual) {
    return environment(name).value_or(home + usual);
  };
  Section settings =
      read_section(file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"), profile);
  settings.merge(read_section(file("AWS_CONFIG_FILE", "/.aws/config"),
                              profile == "default" ? profile : "profile " + profile));
  return settings;
}

std::string profile_name(const Environment& environment) {
  const std::string named = variable(environment, "AWS_PROFILE");
  return named.empty() ? "default" : named;
}

std::string setting(const Section& section, std::string_view name) {
  const auto entry = section.find(name);
  return entry == section.end() ? std::string() : entry->second;
}

class ProfileSource final : public CredentialSource {
 public:
  explicit ProfileSource(Environment environment) : environment_(std::move(environment)) {}

  std::string_view name() const override { return "profile"; }

  Result<std::optional<Credentials>> fetch(const OpContext&) override {
    const std::string profile = profile_name(environment_);
    const Section settings = read_profile(environment_, profile);
    Credentials credentials{setting(settings, "aws_access_key_id"),
                            setting(settings, "aws_secret_access_key"),
                            setting(settings, "aws_session_token"), std::nullopt};
    for (const char* way : {"role_arn", "credential_process", "sso_session", "sso_start_url"}) {
      if (settings.contains(way)) {
        return Status(Code::unsupported,
                      "the AWS profile " + profile + " uses " + way +
                          ", which is not supported; give it keys, or use web identity, a "
                          "container endpoint or an instance role");
      }
    }
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
      return std::optional<Credentials>();
    return std::optional<Credentials>(std::move(credentials));
  }

 private:
  const Environment environment_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_profile_source(Environment environment) {
  return std::make_unique<ProfileSource>(std::move(environment));
}

std::string profile_region(const Environment& environment) {
  return setting(read_profile(environment, profile_name(environment)), "region");
}

}  // namespace thumbmill::s3
