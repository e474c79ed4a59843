// What a decoder would do that an image has taken over: every way out that we know of, one deed
// each, and how the sandbox must end it. Done by decoder_for_tests, listed by the tests.
#pragma once

#include <span>
#include <string_view>

namespace thumbmill {

enum class Outcome {
  killed,   ///< by the sandbox (SIGSYS), on the spot
  refused,  ///< the call fails, and the decoder lives on
  dies,     ///< of another signal: a resource's limit, a fault of memory
};

struct Deed {
  std::string_view name;
  Outcome expected;
  /// -1 and errno when it was refused.
  long (*attempt)(int source, int output);
};

std::span<const Deed> all_deeds();

}  // namespace thumbmill
