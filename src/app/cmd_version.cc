#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "app/commands.h"
#include "app/libraries.h"
#include "app/setting_flags.h"
#include "app/version.h"

namespace thumbmill {

int cmd_version(int argc, char** argv) {
  CLI::App app(
      "Prints the version, and those of the libraries that images are read and written with.",
      "thumbmill version");
  if (argc > 0) {
    if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  }
  fmt::print("thumbmill {}\n", kVersion);
  const auto libraries = decoder_libraries();
  if (!libraries.ok()) return fail(libraries.status());
  for (const Library& library : *libraries) fmt::print("{} {}\n", library.name, library.version);
  return EX_OK;
}

}  // namespace thumbmill
