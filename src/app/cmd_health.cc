#include <chrono>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "app/commands.h"
#include "app/setting_flags.h"
#include "net/http_client.h"

namespace thumbmill {
namespace {

constexpr std::chrono::seconds kPatience{3};

// Where this machine reaches a server that listens there.
std::string reachable(const std::string& host) {
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

Status ask(const ListenAddress& address, const std::string& path) {
  SystemClock clock;
  const auto client = HttpClient::create({reachable(address.host), address.port, ""}, clock);
  OpContext context;
  context.deadline = clock.now() + kPatience;
  ASSIGN_OR_RETURN(const HttpResponse response, client->send("GET", path, {}, Blob(), context));
  ASSIGN_OR_RETURN(const std::string body, response.body.to_string());
  if (response.status == 200) return Status();
  return Status(Code::unavailable, fmt::format("{} answers {}", path, response.status), body);
}

}  // namespace

int cmd_health(int argc, char** argv) {
  CLI::App app(
      "Asks a running process of this machine whether it is well, at its admin-listen: for health "
      "checks of containers, in which there is no other program.",
      "thumbmill health");
  const SettingFlags flags(app, {"Where"});
  bool ready = false;
  app.add_flag("--ready", ready, "Whether it is ready for requests, instead of whether it lives");
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  const Status status = ask(loaded->settings.admin_listen, ready ? "/readyz" : "/healthz");
  return status.ok() ? EX_OK : fail(status);
}

}  // namespace thumbmill
