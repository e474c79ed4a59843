// thumbmill: looks the command up and runs it.
#include <cstdio>
#include <string_view>

#include <sysexits.h>

#include "app/commands.h"

namespace {

struct Command {
  std::string_view name;
  int (*run)(int argc, char** argv);
  std::string_view summary;
};

constexpr Command kCommands[] = {
    {"serve", thumbmill::cmd_serve, "API, page, workers and janitor in one process"},
    {"api", thumbmill::cmd_api, "API and page alone, for workers elsewhere"},
    {"worker", thumbmill::cmd_worker, "workers alone, on a shared queue"},
    {"janitor", thumbmill::cmd_janitor, "sweep, expiry and queue gauges alone"},
    {"make", thumbmill::cmd_make, "thumbnails of local files, without a server"},
    {"load", thumbmill::cmd_load, "load generator: uploads, waits for thumbnails, reports"},
    {"plan", thumbmill::cmd_plan, "simulates autoscalers on traffic"},
    {"sweep", thumbmill::cmd_sweep, "queue unfinished uploads again, once"},
    {"dead", thumbmill::cmd_dead, "dead letters: list, show, retry, purge"},
    {"keys", thumbmill::cmd_keys, "API keys: new, list, revoke"},
    {"config", thumbmill::cmd_config, "the effective settings and where each comes from"},
    {"doctor", thumbmill::cmd_doctor, "check store, queue and decoders, and say how to mend"},
    {"health", thumbmill::cmd_health, "ask a running process whether it is well"},
    {"version", thumbmill::cmd_version, "version of the program and its libraries"},
};

void print_usage(std::FILE* out) {
  std::fputs("usage: thumbmill <command> [options]\n\n", out);
  for (const Command& command : kCommands) {
    std::fprintf(out, "  %-8.*s %.*s\n", static_cast<int>(command.name.size()), command.name.data(),
                 static_cast<int>(command.summary.size()), command.summary.data());
  }
  std::fputs("\n`thumbmill <command> --help` lists a command's options.\n", out);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  for (const Command& command : kCommands) {
    if (command.name == name) return command.run(argc - 1, argv + 1);
  }
  const bool asked = name == "help" || name == "--help" || name == "-h";
  if (name == "--version") return thumbmill::cmd_version(1, argv + 1);
  if (!asked && !name.empty()) {
    std::fprintf(stderr, "thumbmill: there is no command \"%s\"\n\n", argv[1]);
  }
  print_usage(asked ? stdout : stderr);
  return asked ? EX_OK : EX_USAGE;
}
