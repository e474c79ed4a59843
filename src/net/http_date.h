// Dates as HTTP writes them (RFC 9110, section 5.6.7). Only the fixed form is read: the two
// obsolete ones have not been sent for decades, and a date that is not understood is as good as
// none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace thumbmill {

/// "Sun, 06 Nov 1994 08:49:37 GMT": `time`, cut to the second.
std::string http_date(WallTime time);

/// The inverse; nothing for any other form.
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace thumbmill
