// MeteredStore: any ObjectStore, with its calls counted by operation and code (kStoreRequests). It
// stands here rather than beside the port because ports do not know each other.
#pragma once

#include <string>
#include <vector>

#include "metrics/metrics.h"
#include "store/object_store.h"

namespace thumbmill {

/// Thread-safe. The store and the metrics outlive it.
class MeteredStore final : public ObjectStore {
 public:
  MeteredStore(ObjectStore& store, Metrics& metrics) : store_(store), metrics_(metrics) {}

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
  std::string spool_directory() const override { return store_.spool_directory(); }

 private:
  Status count(std::string_view op, Status status);
  template <typename T>
  Result<T> count(std::string_view op, Result<T> result);

  ObjectStore& store_;
  Metrics& metrics_;
};

}  // namespace thumbmill
