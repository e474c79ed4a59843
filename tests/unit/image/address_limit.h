// Runs work in a child process that may take only so much memory: for tests of what happens when
// there is none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/status.h"

namespace thumbmill {

/// What `work` ends with when it may take `more_bytes` of addresses beyond what the process has
/// (RLIMIT_AS); nothing when the child does not live to say so. `work` must not need threads.
std::optional<Code> run_with_memory(std::uint64_t more_bytes, const std::function<Code()>& work);

/// Sanitizers take addresses of their own, so that limits mean nothing with them.
bool has_address_limits();

}  // namespace thumbmill
