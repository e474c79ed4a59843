// Dates as HTTP writes them (RFC 9110, section 5.6.7).
#pragma once

#include <string>

#include "base/clock.h"

namespace thumbmill {

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(WallTime time);

}  // namespace thumbmill
