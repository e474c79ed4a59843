#include <algorithm>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/key_file.h"
#include "app/backends.h"
#include "app/commands.h"
#include "app/decoders.h"
#include "app/libraries.h"
#include "app/part_options.h"
#include "app/setting_flags.h"
#include "app/units.h"
#include "base/disk_reserve.h"
#include "base/without_secrets.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "service/canary.h"

namespace thumbmill {
namespace {

enum class Verdict { good, warning, bad };

struct Finding {
  std::string what;
  Verdict verdict = Verdict::good;
  std::string detail;
  std::string remedy;  // what to do about it; empty when it is good
};

constexpr std::uint64_t kLittleSpace = 1ull << 30;

Finding from_status(std::string what, const Status& status, std::string good, std::string remedy) {
  if (status.ok()) return {std::move(what), Verdict::good, std::move(good), {}};
  return {std::move(what), Verdict::bad, status.to_string(), std::move(remedy)};
}

Finding check_space(const std::string& directory) {
  const Result<DiskSpace> space = disk_space(directory);
  if (!space.ok()) {
    return {"disk", Verdict::bad, "cannot be asked about free space",
            "see what is said of the store"};
  }
  const std::string detail = fmt::format("{} MiB free", space->free >> 20);
  if (space->free >= kLittleSpace) return {"disk", Verdict::good, detail, {}};
  return {"disk", Verdict::warning, detail,
          "make room: uploads are answered 507 when less than disk-reserve is free"};
}

Finding check_user() {
  const uid_t user = ::geteuid();
  if (user != 0) return {"user", Verdict::good, std::to_string(user), {}};
  return {"user", Verdict::warning, "0 (root): the service has all rights of this machine",
          "run it as a user of its own, as the container image does (10001)"};
}

// What others may do with a store that is a directory.
Finding check_rights(const std::string& directory) {
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0 || (info.st_mode & (S_IROTH | S_IXOTH)) == 0) {
    return {"rights", Verdict::good, "only this user and its group may enter the store", {}};
  }
  return {"rights", Verdict::warning, "every user of this machine may enter the store",
          "chmod o-rwx " + directory + ", unless others are to read it"};
}

// conflict: it belongs to a running process.
Status check_queue(const Settings& settings, Clock& clock, Random& random, Metrics& metrics,
                   Logger& log) {
  if (has_tasks(settings)) {
    ASSIGN_OR_RETURN(const auto tasks, open_tasks(settings, clock, random, metrics, log));
    return tasks->check({});
  }
  ASSIGN_OR_RETURN(const auto queue, open_queue(settings, clock, random, log));
  return queue->check({});
}

std::vector<Finding> check_backends(const Settings& settings, Clock& clock, Logger& log) {
  std::vector<Finding> findings;
  Random random;
  PrometheusMetrics metrics;
  const auto store = open_store(settings, clock, random, metrics, log);
  const bool is_s3 = settings.store.starts_with("s3:");
  const Status usable = store.ok() ? (*store)->check({}) : store.status();
  std::string good = without_secrets(settings.store);
  if (is_s3) good += ": grants every right and has every property that is needed";
  findings.push_back(
      from_status("store", usable, std::move(good),
                  is_s3 ? "look at bucket, region, credentials, permissions and server: docs/s3.md"
                        : "choose a directory that this user may write to: --store DIR"));
  if (usable.ok() && !is_s3) {
    findings.push_back(check_space(settings.store));
    findings.push_back(check_rights(settings.store));
  }
  const Status queue = check_queue(settings, clock, random, metrics, log);
  if (queue.code() == Code::conflict) {
    findings.push_back({"queue", Verdict::good, "in use by a running server", {}});
  } else {
    findings.push_back(from_status(
        "queue", queue, without_secrets(settings.queue),
        settings.queue.starts_with("kafka:") ? "look whether the servers run: docs/kafka.md"
        : is_shared(settings)
            ? "look whether the server runs, has room and takes this user: docs/redis.md"
            : "delete the queue's file: the sweep fills a new one; or name another: --queue "
              "sqlite:FILE"));
  }
  return findings;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// What protects this machine from an image that takes its decoder over.
std::vector<Finding> describe_sandbox(const Protection& protection, const Settings& settings) {
  if (!protection.confined) {
    return {{"sandbox", Verdict::warning,
             "OFF: an image that takes its decoder over has all rights of this user",
             "leave sandbox at its default, on"}};
  }
  std::vector<Finding> findings{{"sandbox",
                                 Verdict::good,
                                 "seccomp; refused in the self-test: " + joined(protection.refused),
                                 {}}};
  if (protection.landlock_abi > 0) {
    findings.push_back(
        {"landlock", Verdict::good, fmt::format("version {}", protection.landlock_abi), {}});
  } else {
    findings.push_back({"landlock", Verdict::warning, "this kernel has none: seccomp stands alone",
                        "Linux 5.13 or later with landlock among its security modules (lsm=)"});
  }
  findings.push_back(
      {"process",
       Verdict::good,
       fmt::format("of a confined one the kernel says: {}", protection.seen_from_outside.empty()
                                                                ? "nothing that this user may read"
                                                                : protection.seen_from_outside),
       {}});
  findings.push_back(
      {"limits",
       Verdict::good,
       fmt::format("a process: {} of address space, {} of CPU time an image, {} an image; all "
                   "images together: {} MiB",
                   format_size_bytes(settings.decoder_memory_bytes),
                   format_duration(settings.decoder_cpu_time),
                   format_duration(settings.decoder_wall_time),
                   decoder_memory_budget(settings) >> 20),
       {}});
  return findings;
}

std::vector<Finding> check_decoders(const Settings& settings, Clock& clock, Logger& log) {
  PrometheusMetrics metrics;
  Settings one = settings;
  one.workers = 1;
  const auto decoders = start_decoders(one, MemoryShortage::wait, metrics, log, clock);
  Status probed = decoders.status();
  if (decoders.ok()) probed = Canary(**decoders, log, clock).probe();
  std::vector<Finding> findings{from_status(
      "decoder", probed, "a picture went through each decoder program",
      "look at what is said of it; are thumbmill-decoder and thumbmill-codecs beside this "
      "program, are their libraries installed, may this user start processes, does the kernel "
      "know seccomp?")};
  if (decoders.ok()) {
    for (Finding& finding : describe_sandbox((*decoders)->protection(), settings))
      findings.push_back(std::move(finding));
  }
  return findings;
}

Finding check_libraries() {
  const auto libraries = decoder_libraries();
  if (!libraries.ok()) {
    return from_status("libraries", libraries.status(), {}, "see what is said of the decoder");
  }
  std::vector<std::string> names, old;
  for (const Library& library : *libraries) {
    names.push_back(library.name + " " + library.version);
    const std::string_view shortcoming = shortcoming_of(library);
    if (!shortcoming.empty()) old.push_back(names.back() + " is " + std::string(shortcoming));
  }
  if (old.empty()) return {"libraries", Verdict::good, joined(names), {}};
  return {"libraries", Verdict::warning, joined(old),
          "on Debian 12 install it from bookworm-backports, as scripts/packages build does"};
}

Finding check_access(const Settings& settings) {
  const std::string remedy = "thumbmill keys new NAME --api-keys-file FILE; docs/api.md, \"Keys\"";
  if (is_open_to_others(settings)) {
    return {"access", Verdict::warning,
            fmt::format("whoever reaches {} may upload, list and delete everything",
                        format_listen_address(settings.listen)),
            remedy};
  }
  if (settings.api_keys_file.empty()) {
    return {"access", Verdict::good, "no keys; only this machine reaches the API", {}};
  }
  const Result<std::string> text = read_key_file(settings.api_keys_file);
  const Result<KeyTable> table = text.ok() ? KeyTable::parse(*text) : text.status();
  if (!table.ok()) {
    return {"access", Verdict::bad,
            fmt::format("{}: {}", settings.api_keys_file, table.status().to_string()), remedy};
  }
  if (is_key_file_exposed(settings.api_keys_file)) {
    return {"access", Verdict::warning,
            "every user of this machine may read or change " + settings.api_keys_file,
            "chmod o-rwx " + settings.api_keys_file};
  }
  if (table->keys().empty()) {
    return {"access", Verdict::warning,
            settings.api_keys_file + " has no key: nobody may use the API", remedy};
  }
  return {"access",
          Verdict::good,
          fmt::format("{} keys, {}", table->keys().size(),
                      table->signing_keys().empty() ? "URLs are not signed" : "URLs are signed"),
          {}};
}

void print_text(const std::vector<Finding>& findings) {
  const bool colors = ::isatty(STDOUT_FILENO) == 1;
  for (const Finding& finding : findings) {
    const auto [word, color] = finding.verdict == Verdict::good ? std::pair("ok  ", "\x1b[32m")
                               : finding.verdict == Verdict::warning
                                   ? std::pair("warn", "\x1b[33m")
                                   : std::pair("BAD ", "\x1b[31m");
    fmt::print("{}{}{}  {:<10} {}\n", colors ? color : "", word, colors ? "\x1b[0m" : "",
               finding.what, finding.detail);
    if (!finding.remedy.empty()) fmt::print("                 -> {}\n", finding.remedy);
  }
}

void print_json(const std::vector<Finding>& findings) {
  boost::json::array rows;
  for (const Finding& finding : findings) {
    boost::json::object row;
    row["what"] = finding.what;
    row["verdict"] = finding.verdict == Verdict::good      ? "ok"
                     : finding.verdict == Verdict::warning ? "warning"
                                                           : "bad";
    row["detail"] = finding.detail;
    row["remedy"] = finding.remedy;
    rows.push_back(std::move(row));
  }
  fmt::print("{}\n", boost::json::serialize(rows));
}

}  // namespace

int cmd_doctor(int argc, char** argv) {
  CLI::App app("Checks what the service needs here, and says how to mend what is wrong.",
               "thumbmill doctor");
  const SettingFlags flags(app);
  bool json = false;
  app.add_flag("--json", json, "For scripts");
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  SystemClock clock;
  FdLogger log(STDERR_FILENO, log_format(loaded->settings), LogLevel::warning, clock);
  std::vector<Finding> findings = check_backends(loaded->settings, clock, log);
  for (Finding& finding : check_decoders(loaded->settings, clock, log))
    findings.push_back(std::move(finding));
  findings.push_back(check_user());
  findings.push_back(check_libraries());
  findings.push_back(check_access(loaded->settings));
  json ? print_json(findings) : print_text(findings);
  const bool bad = std::any_of(findings.begin(), findings.end(),
                               [](const Finding& f) { return f.verdict == Verdict::bad; });
  return bad ? EX_UNAVAILABLE : EX_OK;
}

}  // namespace thumbmill
