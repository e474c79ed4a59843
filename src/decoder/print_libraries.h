// The answer of a decoder program to `--libraries`.
#pragma once

#include <vector>

#include "image/library.h"

namespace thumbmill {

/// Whether the arguments ask for it.
bool asks_for_libraries(int argc, char** argv);

/// A line each on standard output: the name, a tab, the version. An exit code.
int print_libraries(const std::vector<Library>& libraries);

}  // namespace thumbmill
