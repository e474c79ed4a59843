#include "decoder/print_libraries.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace thumbmill {

bool asks_for_libraries(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == "--libraries";
}

int print_libraries(const std::vector<Library>& libraries) {
  for (const Library& library : libraries) {
    std::printf("%s\t%s\n", library.name.c_str(), library.version.c_str());
  }
  return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace thumbmill
