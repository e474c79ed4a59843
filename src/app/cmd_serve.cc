#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/compose.h"
#include "app/setting_flags.h"
#include "app/version.h"

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

void print_welcome(const Settings& settings, const System& system) {
  const std::string url = local_url(settings.listen, system.port());
  fmt::print(
      "Thumbmill {} is ready.\n"
      "  page     {}/\n"
      "  upload   curl -X POST {}/upload -F file=@photo.jpg\n"
      "  metrics  {}/metrics\n"
      "  data     {}\n",
      kVersion, url, url, local_url(settings.admin_listen, system.admin_port()), settings.store);
  std::fflush(stdout);
}

}  // namespace

int cmd_serve(int argc, char** argv) {
  CLI::App app(
      "Serves the API and the page and works on the jobs, all in this process, until SIGTERM or "
      "Ctrl-C.",
      "thumbmill serve");
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
  Result<std::unique_ptr<System>> system = System::start(settings, clock, random, log);
  if (!system.ok()) return fail(system.status());
  print_welcome(settings, **system);
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

}  // namespace thumbmill
