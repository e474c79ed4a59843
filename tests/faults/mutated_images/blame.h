// Whose fault a decoder's death was, by what it said: a sanitizer's report, or a broken invariant.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

enum class Culprit {
  ours,
  third_party,
  unknown,  ///< nothing says; counts as ours until somebody has looked
};

std::string_view culprit_name(Culprit culprit);

struct Blame {
  Culprit culprit = Culprit::unknown;
  std::string kind;   ///< "heap-buffer-overflow", "undefined behaviour", or how the process ended
  std::string place;  ///< a source line of ours, or a library and its function; may be empty
};

/// Takes the report's first stack and passes over the frames of the sanitizer, the C and C++
/// libraries and headers: the first frame behind them is to blame. Understands the reports of GCC's
/// and clang's runtimes (their module or their file and line behind the function) and what
/// THUMBMILL_CHECK writes. `how` is the process's end, for when there is no report.
Blame blame(std::string_view report, std::string_view how);

}  // namespace thumbmill
