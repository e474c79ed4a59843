#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/compose.h"
#include "app/part_options.h"
#include "app/setting_flags.h"
#include "app/version.h"
#include "base/without_secrets.h"

namespace thumbmill {
namespace {

// Blocked in this thread before any other is started, so that all inherit it and only
// wait_for_stop() sees them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of write(), not the end
  return signals;
}

int wait_for_stop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  // A second signal ends the process at once: nothing that is promised depends on a clean end.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return signal;
}

// What a browser on this machine can open.
std::string local_url(const ListenAddress& address, std::uint16_t port) {
  const bool any = address.host == "0.0.0.0" || address.host == "::" || address.host.empty();
  return "http://" + format_listen_address({any ? "localhost" : address.host, port});
}

void print_welcome(const Settings& settings, Roles roles, const System& system) {
  fmt::print("Thumbmill {} is ready.\n", kVersion);
  if (roles.api) {
    const std::string url = local_url(settings.listen, system.port());
    fmt::print(
        "  page     {}/\n"
        "  upload   curl -X POST {}/upload -F file=@photo.jpg\n",
        url, url);
  }
  fmt::print(
      "  metrics  {}/metrics\n"
      "  data     {}\n",
      local_url(settings.admin_listen, system.admin_port()), without_secrets(settings.store));
  std::fflush(stdout);
}

// Other processes of the same user may neither trace this one nor read its memory and environment,
// which hold passwords and keys; nor does a crash write them into a core file (prctl(2)). Root may.
void hide_memory() { ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int run_system(Roles roles, CLI::App& app, int argc, char** argv) {
  hide_memory();
  const SettingFlags flags(app);
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  const Settings& settings = loaded->settings;

  const sigset_t signals = block_stop_signals();
  SystemClock clock;
  Random random;
  FdLogger log(STDERR_FILENO, log_format(settings), settings.log_level, clock);
  for (const std::string& warning : loaded->warnings) log.warning(warning);
  Result<std::unique_ptr<System>> system = System::start(settings, roles, clock, random, log);
  if (!system.ok()) return fail(system.status());
  print_welcome(settings, roles, **system);
  log.info("ready", {{"version", kVersion},
                     {"port", int{(*system)->port()}},
                     {"admin_port", int{(*system)->admin_port()}}});

  const int signal = wait_for_stop(signals);
  log.info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                        {"drain", std::chrono::duration<double>(settings.drain).count()}});
  (*system)->stop();
  log.info("stopped");
  return EX_OK;
}

}  // namespace

int cmd_serve(int argc, char** argv) {
  CLI::App app(
      "Serves the API and the page and works on the jobs, all in this process, until SIGTERM or "
      "Ctrl-C.",
      "thumbmill serve");
  return run_system({.api = true, .worker = true, .janitor = true}, app, argc, argv);
}

int cmd_api(int argc, char** argv) {
  CLI::App app(
      "Serves the API and the page until SIGTERM or Ctrl-C; workers elsewhere do the jobs. Any "
      "number of these may run.",
      "thumbmill api");
  return run_system({.api = true}, app, argc, argv);
}

int cmd_worker(int argc, char** argv) {
  CLI::App app(
      "Works on the jobs of a shared queue until SIGTERM or Ctrl-C. Any number of these may run.",
      "thumbmill worker");
  return run_system({.worker = true}, app, argc, argv);
}

int cmd_janitor(int argc, char** argv) {
  CLI::App app(
      "Queues unfinished uploads again, removes what is past its age, and exports the queue's "
      "gauges, until SIGTERM or Ctrl-C. Of several of these one works at a time.",
      "thumbmill janitor");
  return run_system({.janitor = true}, app, argc, argv);
}

}  // namespace thumbmill
