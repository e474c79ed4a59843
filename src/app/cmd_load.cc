#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/load/load.h"
#include "app/progress.h"
#include "app/setting_flags.h"
#include "app/units.h"

namespace thumbmill {
namespace {

struct LoadFlags {
  std::vector<std::string> files;
  std::string duration;
  std::string timeout = "60s";
  std::string ids_file;
  std::uint64_t seed = 1;
  std::uint32_t noise_side = 256;
  bool no_wait = false;
  bool json = false;
};

Result<std::vector<LoadFile>> read_files(const LoadFlags& flags, Random& random) {
  std::vector<LoadFile> files;
  for (const std::string& path : flags.files) {
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return status_from_errno(errno, "cannot read " + path);
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) return status_from_errno(error.value(), "cannot read " + path);
    files.push_back({std::filesystem::path(path).filename().string(),
                     Blob::from_file(std::move(file), 0, size)});
  }
  if (files.empty()) {
    files.push_back(
        {"noise.png", Blob(make_noise_png(flags.noise_side, flags.noise_side, random))});
  }
  return files;
}

Status read_times(const LoadFlags& flags, LoadOptions& options) {
  const auto timeout = parse_duration(flags.timeout);
  const auto duration =
      flags.duration.empty() ? std::chrono::milliseconds(0) : parse_duration(flags.duration);
  if (!timeout || timeout->count() == 0)
    return Status(Code::invalid_argument, "--timeout takes a duration such as 60s");
  if (!duration) return Status(Code::invalid_argument, "--duration takes a duration such as 30s");
  options.timeout = *timeout;
  options.schedule.duration = *duration;
  if (options.schedule.count == 0 && duration->count() == 0) options.schedule.count = 100;
  return Status();
}

// SIGINT and SIGTERM end a run with its report; the second one ends the process.
class StopOnSignal {
 public:
  // Before other threads are started, which are to leave these signals to this one.
  StopOnSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    watcher_ = std::jthread([this](const std::stop_token& ended) { watch(ended); });
  }

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void watch(const std::stop_token& ended) {
    constexpr timespec kLook{0, 100'000'000};
    while (!ended.stop_requested()) {
      if (sigtimedwait(&signals_, nullptr, &kLook) < 0) continue;
      stop_.request_stop();
      pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
      return;
    }
  }

  sigset_t signals_;
  std::stop_source stop_;
  std::jthread watcher_;
};

}  // namespace

int cmd_load(int argc, char** argv) {
  CLI::App app(
      "Load generator: uploads files, waits for their thumbnails, reports rates, percentiles and "
      "losses. Exits 1 when "
      "an accepted upload was lost.",
      "thumbmill load");
  LoadFlags flags;
  LoadOptions options;
  options.url = "http://localhost:8080";
  app.add_option("files", flags.files, "Images, uploaded in turn; a made one when none is given")
      ->type_name("FILE");
  app.add_option("--url", options.url, "Base URL of the server")->capture_default_str();
  add_api_key_option(app, options.api_key);
  app.add_option("-n,--count", options.schedule.count,
                 "Uploads in all (100 when there is no --duration)");
  app.add_option("--duration", flags.duration, "How long to begin uploads for, e.g. 30s");
  app.add_option("-c,--concurrency", options.concurrency,
                 "Connections; in an open loop the most under way")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  app.add_option("--rate", options.schedule.rate,
                 "Open loop: uploads a second, whatever the server does")
      ->check(CLI::PositiveNumber);
  app.add_flag("--poisson", options.schedule.poisson,
               "Open loop: random gaps (exponential) instead of equal ones");
  app.add_option("--seed", flags.seed, "Of the random gaps and the made image")
      ->capture_default_str();
  app.add_option("--noise", flags.noise_side, "Side of the made image in pixels")
      ->capture_default_str()
      ->check(CLI::Range(1, 8000));
  app.add_option("--timeout", flags.timeout, "For one upload with its thumbnail")
      ->capture_default_str();
  app.add_option(
         "--tries", options.tries,
         "Of an upload that gets no answer or one that may change (408, 409, 429, 5xx); from 2 "
         "on each upload has an Idempotency-Key")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  app.add_flag("--no-wait", flags.no_wait, "Do not wait for thumbnails");
  app.add_flag("--fetch", options.fetch, "Download each first thumbnail too");
  app.add_flag("--tolerate-errors", options.tolerate_errors, "Go on while the server is away");
  app.add_option("--ids", flags.ids_file,
                 "Append the id of each accepted upload to this file, at once");
  app.add_flag("--json", flags.json, "For scripts");
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;

  SystemClock clock;
  Random random(flags.seed);
  const StopOnSignal signals;
  options.stop = signals.token();
  if (const Status times = read_times(flags, options); !times.ok()) return fail(times);
  Result<std::vector<LoadFile>> files = read_files(flags, random);
  if (!files.ok()) return fail(files.status());
  options.files = *std::move(files);
  options.wait = !flags.no_wait;
  UniqueFd ids;
  if (!flags.ids_file.empty()) {
    ids.reset(::open(flags.ids_file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644));
    if (!ids.valid()) return fail(status_from_errno(errno, "cannot write " + flags.ids_file));
    options.on_accepted = [&ids](const std::string& id) {
      const std::string line = id + "\n";
      if (::write(ids.get(), line.data(), line.size()) < 0)
        std::fputs("thumbmill: cannot write the ids\n", stderr);
    };
  }
  ProgressBar progress(STDERR_FILENO, options.schedule.count, clock);
  options.on_progress = [&progress](std::uint64_t finished) {
    progress.update(finished, "uploads");
  };

  const Result<LoadReport> report = run_load(options, clock, random);
  if (!report.ok()) return fail(report.status());
  std::fputs((flags.json ? report_json(*report) : report_text(*report)).c_str(), stdout);
  return report->lost == 0 ? EX_OK : 1;
}

}  // namespace thumbmill
