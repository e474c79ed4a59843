// Addresses of servers and places as people may see them. Users write passwords into them.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

/// An address that a setting has (a URL, `sqlite:FILE` or a path) as logs and people may see it:
/// "***" stands for the user and password, for parameters that are not known to be harmless, and
/// for whatever is not written as it should be, as that may be a password in the wrong place.
std::string without_secrets(std::string_view address);

}  // namespace thumbmill
