// The program's version, from the file VERSION.
#pragma once

#include <string_view>

namespace thumbmill {

inline constexpr std::string_view kVersion = THUMBMILL_VERSION;

}  // namespace thumbmill
