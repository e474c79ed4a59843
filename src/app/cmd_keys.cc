#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/key_file.h"
#include "app/commands.h"
#include "app/setting_flags.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "base/write_all.h"

namespace thumbmill {
namespace {

constexpr mode_t kOwnerOnly = 0600;  // the signing key is a secret

struct KeyOptions {
  std::string action;  // new, list, revoke
  std::string name;
  std::string scopes = "upload";
  std::string rate;
  std::string burst;
};

// Held while the file is read, changed and replaced, so that no change gets lost. On its directory:
// the file itself becomes another one.
Result<UniqueFd> lock_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  UniqueFd opened(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto lock = [&] {
    int locked = 0;
    do {
      locked = ::flock(opened.get(), LOCK_EX);
    } while (locked != 0 && errno == EINTR);
    return locked == 0;
  };
  if (!opened.valid() || !lock()) {
    return status_from_errno(errno, "cannot lock the directory of the keys file " + path);
  }
  return opened;
}

// Replaces the file in one step: a server that reads it meanwhile sees the old or the new one.
Status replace_file(const std::string& path, const std::string& text) {
  struct stat old {};
  const mode_t mode = ::stat(path.c_str(), &old) == 0 ? old.st_mode & 0777 : kOwnerOnly;
  std::string temporary = path + ".XXXXXX";
  UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) return status_from_errno(errno, "cannot write beside the keys file " + path);
  int error = write_all(file.get(), text);
  if (error == 0 && ::fchmod(file.get(), mode) != 0) error = errno;
  if (error == 0 && ::fsync(file.get()) != 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return Status();
  ::unlink(temporary.c_str());
  return status_from_errno(error, "cannot write the keys file " + path);
}

std::string new_file_text() {
  return fmt::format(
      "# API keys of Thumbmill, made by `thumbmill keys`: docs/formats/api-keys.md. Keep it "
      "secret:\n"
      "# whoever knows the line `sign` can make signed URLs.\n"
      "sign {}\n",
      new_secret_hex(32));
}

Result<KeyTable> parse_text(const std::string& path, const std::string& text) {
  Result<KeyTable> table = KeyTable::parse(text);
  if (table.ok()) return table;
  return table.status().with_context("keys file " + path);
}

// Spaces would make other words of one, and line ends other lines.
Status check_words(const KeyOptions& options) {
  for (const std::string& word : {options.name, options.scopes, options.rate, options.burst}) {
    if (word.find_first_of(" \t\r\n") != std::string::npos) {
      return Status(Code::invalid_argument,
                    fmt::format("\"{}\" is not allowed: spaces divide the words of a line", word));
    }
  }
  return Status();
}

// The file's text with the line of the new key, checked as the server would.
Status add_key(const std::string& path, const KeyOptions& options) {
  RETURN_IF_ERROR(check_words(options));
  Result<std::string> text = read_key_file(path);
  if (text.status().code() == Code::not_found) text = new_file_text();
  if (!text.ok()) return text.status();
  RETURN_IF_ERROR(parse_text(path, *text).status());
  const std::string key = new_api_key();
  if (!text->empty() && text->back() != '\n') *text += '\n';
  std::string line =
      fmt::format("key {} sha256:{} {}", options.name, api_key_digest(key), options.scopes);
  if (!options.rate.empty()) line += " rate=" + options.rate;
  if (!options.burst.empty()) line += " burst=" + options.burst;
  *text += line + "\n";
  RETURN_IF_ERROR(parse_text(path, *text).status());
  RETURN_IF_ERROR(replace_file(path, *text));
  // The key alone on standard output, so that a script can take it.
  fmt::print("{}\n", key);
  fmt::print(stderr,
             "This is the only time that the key is shown: {} keeps its digest. Send it as\n"
             "Authorization: Bearer KEY. A running server takes it within seconds.\n",
             path);
  return Status();
}

Status revoke_key(const std::string& path, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string text, read_key_file(path));
  std::string kept;
  bool found = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end;
    if (key_name_of_line(line) == name) {
      found = true;
    } else {
      kept += line;
    }
  }
  if (!found) {
    return Status(Code::not_found, fmt::format("the keys file {} has no key \"{}\"", path, name));
  }
  return replace_file(path, kept);
}

Status list_keys(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_key_file(path));
  ASSIGN_OR_RETURN(const KeyTable table, parse_text(path, text));
  for (const ApiKey& key : table.keys()) {
    std::string scopes;
    for (const Scope scope : key.scopes) {
      scopes += (scopes.empty() ? "" : ",") + std::string(scope_name(scope));
    }
    fmt::print("{:<24} {:<24}{}\n", key.name, scopes,
               key.rate ? fmt::format(" {} a second, {} at once", key.rate->per_second,
                                      key.rate->capacity())
                        : "");
  }
  return Status();
}

Status run_keys(const KeyOptions& options, const std::string& path) {
  if (path.empty()) {
    return Status(Code::invalid_argument,
                  "which file? --api-keys-file FILE, or THUMBMILL_API_KEYS_FILE");
  }
  if (options.action == "list") return list_keys(path);
  if (options.name.empty()) {
    return Status(Code::invalid_argument, fmt::format("keys {} needs a name", options.action));
  }
  // A link stays one: it is its target that servers read.
  std::error_code none;
  const std::filesystem::path target = std::filesystem::canonical(path, none);
  const std::string file = none ? path : target.string();
  ASSIGN_OR_RETURN(const UniqueFd lock, lock_directory_of(file));
  return options.action == "new" ? add_key(file, options) : revoke_key(file, options.name);
}

}  // namespace

int cmd_keys(int argc, char** argv) {
  CLI::App app(
      "API keys, in the file that the setting api-keys-file names. `new` prints a key once and "
      "adds "
      "its digest to the file, which is made when there is none; a running server follows.",
      "thumbmill keys");
  KeyOptions options;
  app.add_option("action", options.action, "new, list or revoke")
      ->required()
      ->check(CLI::IsMember({"new", "list", "revoke"}));
  app.add_option("name", options.name, "What to call the key (new, revoke)");
  app.add_option("--scope", options.scopes,
                 fmt::format("What it may do: {}, several with commas (new)", kScopeNames))
      ->capture_default_str();
  app.add_option("--rate", options.rate, "Requests a second, in place of rate-limit; 0: any (new)");
  app.add_option("--burst", options.burst, "Requests at once after a rest (new)");
  const SettingFlags flags(app, {"Access"});
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  const Status done = run_keys(options, loaded->settings.api_keys_file);
  return done.ok() ? EX_OK : fail(done);
}

}  // namespace thumbmill
