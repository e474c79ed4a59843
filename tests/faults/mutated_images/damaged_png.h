// What a damaged PNG needs to be looked at any further than its first check.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace thumbmill {

/// A PNG whose chunks' checksums are right (PNG 3rd edition 5.3), as far as its lengths lead.
std::string with_right_checksums(const std::string& png);

/// A PNG with what its IDAT chunks inflate to, rows with a filter's number in front of each,
/// changed by `change`, and in one IDAT chunk. Nothing when they do not inflate, or to over 16 MiB.
std::optional<std::string> with_changed_rows(const std::string& png,
                                             const std::function<std::string(std::string)>& change);

}  // namespace thumbmill
