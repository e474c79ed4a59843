// The few JSON readings that our own formats share, on Boost.JSON. Internal to model/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/status.h"

namespace thumbmill::json {

/// Parses text that must be one object. corrupt_input otherwise, naming `what`.
Result<boost::json::object> parse_object(std::string_view text, std::string_view what);

/// A member, when it is there and of that type; nothing otherwise.
std::optional<std::string> get_string(const boost::json::object& object, std::string_view name);
std::optional<std::int64_t> get_int(const boost::json::object& object, std::string_view name);
std::optional<bool> get_bool(const boost::json::object& object, std::string_view name);

/// Compact JSON in printable ASCII, everything else as \u escapes: fit for object metadata. The
/// input's strings must be UTF-8.
std::string to_ascii(const boost::json::object& object);

/// Text with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace thumbmill::json
