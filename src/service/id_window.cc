#include "service/id_window.h"

#include <algorithm>
#include <functional>

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

IdWindow::IdWindow(ObjectStore& store, const Clock& clock, const std::optional<JobId>& before,
                   const OpContext& context)
    : store_(store),
      context_(context),
      before_(before ? before->text() : std::string(kAboveAll)),
      upper_(before ? uuid7_time(*before) : clock.wall_now()),
      span_(kFirstSpan) {}

Result<std::optional<std::vector<JobId>>> IdWindow::next() {
  while (!at_end_) {
    // In milliseconds: centuries of nanoseconds overflow.
    const std::int64_t from_ms = std::max<std::int64_t>(0, to_unix_ms(upper_) - span_.count());
    const WallTime from = from_unix_ms(from_ms);
    std::vector<JobId> ids;
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
  return std::optional<std::vector<JobId>>();
}

// Gathers the ids from `from` up to `before_`. False when there are so many in some shard that a
// narrower window is cheaper; the narrowest is gone through whole.
Result<bool> IdWindow::collect(WallTime from, std::vector<JobId>& ids) {
  for (const std::string_view space : {key_space::kUploads, key_space::kResults}) {
    for (const char shard : kShards) {
      const std::string prefix = shard_prefix(space, shard);
      std::string after = prefix + below(from);
      for (bool more = true; more;) {
        ASSIGN_OR_RETURN(const std::vector<ListedObject> page,
                         store_.list(prefix, after, kListing, context_));
        more = page.size() == kListing;
        for (const ListedObject& object : page) {
          // By the key, for names of others may come after all ids, however many.
          if (object.key >= prefix + before_) {
            more = false;
            break;
          }
          if (std::optional<JobId> id = id_from_key(object.key)) ids.push_back(*std::move(id));
        }
        if (more && span_ > kLeastSpan) return false;
        if (more) after = page.back().key;
      }
    }
  }
  return true;
}

}  // namespace thumbmill
