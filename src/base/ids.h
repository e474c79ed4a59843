// Ids: UUIDv7 (RFC 9562, section 5.7). Time-ordered as text, so listing a shard gives oldest first.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace thumbmill {

/// A new id in lower-case canonical form, 36 characters. Unique; ordered to the millisecond; its 74
/// random bits are secret (base/secret.h), since an id may be all that one needs to see an image.
std::string new_uuid7(const Clock& clock);

/// True for a canonical lower-case UUIDv7 and nothing else: what may become part of a key.
bool is_uuid7(std::string_view text);

/// When an id was made; nothing if it is not a UUIDv7.
std::optional<WallTime> uuid7_time(std::string_view id);

/// The smallest id that could have been made at `time`: a bound for listing by time.
std::string uuid7_lower_bound(WallTime time);

}  // namespace thumbmill
