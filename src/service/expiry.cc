#include "service/expiry.h"

#include <optional>

#include "model/object_key.h"
#include "service/job_records.h"
#include "service/object_cursor.h"

namespace thumbmill {
namespace {

// Which jobs have results, from the listing: a thousandth of a request each. Asked of a shard's ids
// in ascending order. What ends after it was listed is not seen.
class ListedResults {
 public:
  ListedResults(ObjectStore& store, const OpContext& context) : store_(store), context_(context) {}

  Result<bool> has(const JobId& id) {
    if (!results_ || shard_ != id.text().back()) {
      shard_ = id.text().back();
      results_.emplace(store_, shard_prefix(key_space::kResults, shard_), context_);
      listed_.clear();
    }
    while (listed_ < id.text()) {
      ASSIGN_OR_RETURN(const std::optional<ListedObject> result, results_->next());
      if (!result) return false;
      if (const auto listed = id_from_key(result->key)) listed_ = listed->text();
    }
    return listed_ == id.text();
  }

 private:
  ObjectStore& store_;
  const OpContext& context_;
  char shard_ = 0;
  std::optional<ObjectCursor> results_;  // of that shard
  std::string listed_;                   // the id of its latest
};

}  // namespace

// An object is never older than its id, and ids rise within a shard: the first young id ends the
// shard.
Status Expiry::for_each_older(std::string_view space, WallTime cutoff, const Visit& visit) {
  for (const char shard : kShards) {
    ObjectCursor objects(store_, shard_prefix(space, shard), context_);
    for (;;) {
      ASSIGN_OR_RETURN(const std::optional<ListedObject> object, objects.next());
      if (!object) break;
      const std::optional<JobId> id = id_from_key(object->key);
      if (!id) {
        foreign_.report(object->key, kNoKeyOfOurs);
        continue;
      }
      if (uuid7_time(*id) >= cutoff) break;
      if (object->modified >= cutoff) continue;
      const Status visited = visit(*object, *id);
      if (visited.code() == Code::corrupt_input) {
        foreign_.report(object->key, visited.message());
        continue;
      }
      RETURN_IF_ERROR(visited);
    }
  }
  return Status();
}

Result<std::uint64_t> Expiry::run() {
  std::uint64_t removed = 0;
  for (const auto part : {&Expiry::dead_letters, &Expiry::results, &Expiry::orphaned_thumbs,
                          &Expiry::idempotency_records, &Expiry::tombstones}) {
    ASSIGN_OR_RETURN(const std::uint64_t count, (this->*part)());
    removed += count;
  }
  ASSIGN_OR_RETURN(const std::size_t unfinished,
                   store_.remove_unfinished(cutoff(ages_.unfinished), context_));
  return removed + unfinished;
}

Result<std::uint64_t> Expiry::dead_letters() {
  if (ages_.dead_letter.count() == 0) return std::uint64_t{0};
  std::uint64_t removed = 0;
  const Status walked = for_each_older(
      key_space::kDead, cutoff(ages_.dead_letter),
      [&](const ListedObject& object, const JobId& id) -> Status {
        RETURN_IF_ERROR(store_.remove(object.key, context_));
        ++removed;
        // A retry that died halfway may have left the job unfinished as well: that one goes on.
        ASSIGN_OR_RETURN(const bool upload, object_exists(store_, upload_key(id), context_));
        return upload ? Status() : queue_.forget(id.text(), context_);
      });
  RETURN_IF_ERROR(walked);
  return removed;
}

Result<std::uint64_t> Expiry::results() {
  if (ages_.result.count() == 0) return std::uint64_t{0};
  std::uint64_t removed = 0;
  const Status walked = for_each_older(
      key_space::kResults, cutoff(ages_.result),
      [&](const ListedObject& object, const JobId& id) -> Status {
        // With the original still there the job would be done once more.
        RETURN_IF_ERROR(store_.remove(upload_key(id), context_));
        RETURN_IF_ERROR(remove_thumbs(store_, id, context_));
        RETURN_IF_ERROR(store_.remove(original_key(id), context_));
        // The dead letter has an age of its own, and a result as long as it lasts.
        ASSIGN_OR_RETURN(const bool dead, object_exists(store_, dead_key(id), context_));
        if (dead) return Status();
        ++removed;
        return store_.remove(object.key, context_);
      });
  RETURN_IF_ERROR(walked);
  return removed;
}

Result<std::uint64_t> Expiry::orphaned_thumbs() {
  std::uint64_t removed = 0;
  std::optional<JobId> known;  // the job of the latest rendition, which is not orphaned
  ListedResults results(store_, context_);
  const Status walked = for_each_older(
      key_space::kThumbs, cutoff(ages_.unfinished),
      [&](const ListedObject& object, const JobId& id) -> Status {
        if (id == known) return Status();
        ASSIGN_OR_RETURN(const bool listed, results.has(id));
        if (listed) {
          known = id;
          return Status();
        }
        // In the order in which a job moves, so that one that ends meanwhile is not overlooked.
        ASSIGN_OR_RETURN(const bool upload, object_exists(store_, upload_key(id), context_));
        ASSIGN_OR_RETURN(const bool result, object_exists(store_, result_key(id), context_));
        ASSIGN_OR_RETURN(const bool dead, object_exists(store_, dead_key(id), context_));
        if (upload || result || dead) {
          known = id;
          return Status();
        }
        ++removed;
        return store_.remove(object.key, context_);
      });
  RETURN_IF_ERROR(walked);
  return removed;
}

// These keys hold digests, not ids.
Result<std::uint64_t> Expiry::idempotency_records() {
  std::uint64_t removed = 0;
  for (const char shard : kShards) {
    ObjectCursor records(store_, shard_prefix(key_space::kIdempotency, shard), context_);
    for (;;) {
      ASSIGN_OR_RETURN(const std::optional<ListedObject> record, records.next());
      if (!record) break;
      if (!is_idempotency_key(record->key)) {
        foreign_.report(record->key, kNoKeyOfOurs);
        continue;
      }
      if (record->modified >= cutoff(ages_.unfinished)) continue;
      RETURN_IF_ERROR(store_.remove(record->key, context_));
      ++removed;
    }
  }
  return removed;
}

Result<std::uint64_t> Expiry::tombstones() {
  std::uint64_t removed = 0;
  const Status walked = for_each_older(
      key_space::kDeleted, cutoff(ages_.unfinished),
      [&](const ListedObject& object, const JobId& id) -> Status {
        ASSIGN_OR_RETURN(const std::optional<JobResult> result, read_result(store_, id, context_));
        if (result && is_tombstone(*result)) {
          RETURN_IF_ERROR(store_.remove(upload_key(id), context_));
          RETURN_IF_ERROR(remove_thumbs(store_, id, context_));
          RETURN_IF_ERROR(store_.remove(original_key(id), context_));
          RETURN_IF_ERROR(store_.remove(result_key(id), context_));
        }
        ++removed;
        return store_.remove(object.key, context_);
      });
  RETURN_IF_ERROR(walked);
  return removed;
}

}  // namespace thumbmill
