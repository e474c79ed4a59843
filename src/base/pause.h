// pause(): waits for some time by an injected Clock, unless the operation is stopped.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/status.h"

namespace thumbmill {

/// Returns after `delay`, or at once when the context's stop is requested. The context's check.
Status pause(Clock& clock, std::chrono::milliseconds delay, const OpContext& context);

}  // namespace thumbmill
