// An ObjectStore in memory, which can be told to fail.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "store/object_store.h"

namespace thumbmill {

/// Thread-safe. Objects live as long as the store.
class MemoryStore final : public ObjectStore {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

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
  std::string spool_directory() const override { return {}; }

  /// Makes every call fail with `status` until it is given an ok one.
  void fail_all(Status status);

  /// Makes calls of `operation` ("put", "get", ...) on keys that start with `prefix` fail with
  /// `status`, `times` times.
  void fail(std::string operation, std::string prefix, Status status, int times);

  /// Every key there is, in order.
  std::vector<std::string> keys() const;

 private:
  struct Failure {
    std::string operation;
    std::string prefix;
    Status status;
    int times;
  };

  Status begin(std::string_view operation, std::string_view key, const OpContext& context);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;  // guarded by mutex_
  Status failing_;                                      // guarded by mutex_
  std::vector<Failure> failures_;                       // guarded by mutex_
};

}  // namespace thumbmill
