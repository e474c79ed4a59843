// What the decoder programs are built on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/library.h"

namespace thumbmill {

/// The libraries of both decoder programs, each once. unavailable when a program cannot be started.
Result<std::vector<Library>> decoder_libraries();

/// What an old library cannot read; empty for one that is new enough.
std::string_view shortcoming_of(const Library& library);

}  // namespace thumbmill
