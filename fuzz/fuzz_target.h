// What every fuzzer defines: libFuzzer calls it with inputs it makes up, replay_test.cc with those
// of the corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Runs the code under test on one input; returns 0. A fault ends the process (a sanitizer's report
/// or THUMBMILL_CHECK). The name and the types are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace thumbmill {

/// The input as text, borrowed.
inline std::string_view fuzz_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace thumbmill
