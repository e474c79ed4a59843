// Runs work in a child process that may take only so much memory: for tests of what happens when
// there is none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/status.h"

namespace thumbmill {

/// What `work` ends with when it may take `more_bytes` of addresses beyond what the process has
/// (RLIMIT_AS); nothing when the child does not live to say so. `work` must not need threads.
std::optional<Code> run_with_memory(std::uint64_t more_bytes, const std::function<Code()>& work);

/// What `make` gives, made in a child process, so that this one's heap does not grow: what is free
/// in it counts for no limit.
std::string made_in_child(const std::function<std::string()>& make);

/// Sanitizers take addresses of their own, so that limits mean nothing with them.
bool has_address_limits();

}  // namespace thumbmill
