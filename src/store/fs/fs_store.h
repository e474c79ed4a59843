// FsStore: an ObjectStore in a directory of a local or shared file system that has O_TMPFILE, hard
// links and rename. One directory may be used by many processes at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <sys/types.h>

#include "base/clock.h"
#include "store/object_store.h"

namespace thumbmill {

/// Steps of a put, for tests that kill the process after one.
enum class FsPutStep { written, synced, named, durable };

/// Thread-safe. A put takes two syncs (file, directory), one more for a directory below the shards
/// ("thumbs/a/<id>"), and in a new store one for each space and shard. Keys that begin with "tmp",
/// "queue" or a dot are invalid_argument: the store's own files are there. A Blob of a spooled
/// upload must not be put by two threads at once: it becomes the object's file.
class FsStore final : public ObjectStore {
 public:
  /// Opens the store in `root`, making the directory for this user only when it is missing. What is
  /// stored in it can be read by whom the directory's own rights let in. unavailable when it cannot
  /// be made or written to; unsupported when its file system has no O_TMPFILE. Names `root`.
  static Result<std::unique_ptr<FsStore>> open(const std::string& root, const Clock& clock);

  Status put(std::string_view key, const Blob& body, const PutOptions& options,
             const OpContext& context) override;
  using ObjectStore::get;
  Result<Object> get(std::string_view key, std::uint64_t most_bytes,
                     const OpContext& context) override;
  Result<ObjectInfo> head(std::string_view key, const OpContext& context) override;
  Status remove(std::string_view key, const OpContext& context) override;
  Status copy(std::string_view from, std::string_view to, const OpContext& context) override;
  Result<std::vector<ListedObject>> list(std::string_view prefix, std::string_view after,
                                         std::size_t limit, const OpContext& context) override;
  Status check(const OpContext& context) override;
  Result<std::size_t> remove_unfinished(WallTime before, const OpContext& context) override;
  std::string spool_directory() const override;

  /// Called after each step of a put. For tests; set before use by other threads.
  void set_step_hook(std::function<void(FsPutStep)> hook) { at_step_ = std::move(hook); }

 private:
  FsStore(std::string root, mode_t directory_mode, mode_t file_mode, const Clock& clock)
      : root_(std::move(root)),
        directory_mode_(directory_mode),
        file_mode_(file_mode),
        clock_(clock) {}

  std::string path_of(std::string_view key) const { return root_ + "/" + std::string(key); }
  Status check_key(std::string_view key, const OpContext& context) const;
  /// ok while the root is there and is ours.
  Status check_root() const;
  Status failure(int error, std::string_view doing, std::string_view key) const;
  /// The same for what writes: an absent directory is not the absence of an object.
  Status write_failure(int error, std::string_view doing, std::string_view key) const;
  Result<UniqueFd> write_unnamed(const Blob& body, const std::string& trailer) const;
  Status sync_and_name(int file, std::string_view key, bool if_absent);
  /// Gives the file behind `source_path` the name of `key`, durably. not_found: that file cannot be
  /// named any more, or the directories do not stay.
  Status give_name(const std::string& source_path, std::string_view key, bool if_absent);
  Status link_or_replace(const std::string& source_path, const std::string& path, bool if_absent);
  Status make_directories(std::string_view key);
  void step(FsPutStep step) const {
    if (at_step_) at_step_(step);
  }

  const std::string root_;
  const mode_t directory_mode_;
  const mode_t file_mode_;
  const Clock& clock_;
  std::function<void(FsPutStep)> at_step_;

  mutable std::atomic<std::size_t> next_spool_{0};
  std::mutex mutex_;
  std::set<std::string, std::less<>> durable_directories_;  // known to exist; guarded by mutex_
};

}  // namespace thumbmill
