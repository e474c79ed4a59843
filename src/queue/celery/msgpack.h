// MessagePack, read into the values that JSON has:
// https://github.com/msgpack/msgpack/blob/master/spec.md Pure. Used for the bodies of Celery's
// messages.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json/value.hpp>

namespace thumbmill {

/// The one value that `bytes` are. Bytes ("bin") become a string. Nothing when they are not one
/// value, are nested more than 32 levels deep, or hold what JSON has not: an extension type, or a
/// map with keys that are no strings.
std::optional<boost::json::value> parse_msgpack(std::string_view bytes);

}  // namespace thumbmill
