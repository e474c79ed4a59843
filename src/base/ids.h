// Ids: UUIDv7 (RFC 9562, section 5.7). Time-ordered as text, so listing a shard gives oldest first.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace thumbmill {

/// The id of an image and of its job: a UUIDv7 in lower-case canonical form, and nothing else, so
/// that a key made of it is one of ours. Text from outside becomes one only by parse(). Value.
class JobId {
 public:
  /// Nothing when is_uuid7() does not hold for the text.
  static std::optional<JobId> parse(std::string_view text);

  const std::string& text() const { return text_; }
  operator const std::string&() const { return text_; }  // NOLINT(google-explicit-constructor)

  bool operator==(const JobId&) const = default;
  bool operator==(std::string_view text) const { return text_ == text; }
  std::strong_ordering operator<=>(const JobId& other) const {
    return text_.compare(other.text_) <=> 0;
  }

 private:
  explicit JobId(std::string text) : text_(std::move(text)) {}
  friend JobId new_uuid7(const Clock& clock);

  std::string text_;
};

/// A new id in lower-case canonical form, 36 characters. Unique; ordered to the millisecond; its 74
/// random bits are secret (base/secret.h), since an id may be all that one needs to see an image.
JobId new_uuid7(const Clock& clock);

/// True for a canonical lower-case UUIDv7 and nothing else: what may become part of a key.
bool is_uuid7(std::string_view text);

/// When an id was made.
WallTime uuid7_time(const JobId& id);

/// The smallest id that could have been made at `time`: a bound for listing by time.
std::string uuid7_lower_bound(WallTime time);

}  // namespace thumbmill
