// Percent-encoding, undone (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thumbmill {

/// The bytes that `text` stands for; nothing when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace thumbmill
