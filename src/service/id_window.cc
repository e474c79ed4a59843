#include "service/id_window.h"

#include <algorithm>
#include <functional>

#include "base/ids.h"
#include "model/object_key.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstSpan = std::chrono::minutes(1);
constexpr int kGrowth = 16;
constexpr std::size_t kListing = 1000;  // as many as a store gives at once
constexpr milliseconds kLeastSpan{1};
// Sorts after every id.
constexpr std::string_view kAboveAll = "g";

// A lower bound of all ids made at or after `time`, and itself below them.
std::string below(WallTime time) { return uuid7_lower_bound(time).substr(0, 13); }

}  // namespace

IdWindow::IdWindow(ObjectStore& store, const Clock& clock, std::string before,
                   const OpContext& context)
    : store_(store),
      context_(context),
      before_(before.empty() ? std::string(kAboveAll) : std::move(before)),
      upper_(uuid7_time(before_).value_or(clock.wall_now())),
      span_(kFirstSpan) {}

Result<std::optional<std::vector<std::string>>> IdWindow::next() {
  while (!at_end_) {
    // In milliseconds: centuries of nanoseconds overflow.
    const std::int64_t from_ms = std::max<std::int64_t>(0, to_unix_ms(upper_) - span_.count());
    const WallTime from = from_unix_ms(from_ms);
    std::vector<std::string> ids;
    ASSIGN_OR_RETURN(const bool whole, collect(from, ids));
    if (!whole) {
      span_ = std::max(kLeastSpan, span_ / kGrowth);
      continue;
    }
    at_end_ = from_ms == 0;
    before_ = below(from);
    upper_ = from;
    span_ *= kGrowth;
    if (ids.empty()) continue;
    std::sort(ids.begin(), ids.end(), std::greater<>());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return std::optional(std::move(ids));
  }
  return std::optional<std::vector<std::string>>();
}

// Gathers the ids from `from` up to `before_`. False when there are so many in some shard that a
// narrower window is cheaper; the narrowest is gone through whole.
Result<bool> IdWindow::collect(WallTime from, std::vector<std::string>& ids) {
  for (const std::string_view space : {key_space::kUploads, key_space::kResults}) {
    for (const char shard : kShards) {
      const std::string prefix = shard_prefix(space, shard);
      std::string after = prefix + below(from);
      for (bool more = true; more;) {
        ASSIGN_OR_RETURN(const std::vector<ListedObject> page,
                         store_.list(prefix, after, kListing, context_));
        more = page.size() == kListing;
        for (const ListedObject& object : page) {
          std::optional<std::string> id = id_from_key(object.key);
          if (!id) continue;
          if (*id >= before_) {
            more = false;
            break;
          }
          ids.push_back(*std::move(id));
        }
        if (more && span_ > kLeastSpan) return false;
        if (more) after = page.back().key;
      }
    }
  }
  return true;
}

}  // namespace thumbmill
