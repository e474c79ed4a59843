// GuardedStore: any ObjectStore whose calls go through a Dependency, so that requests neither wait
// for a store that does not answer nor pile up behind it.
#pragma once

#include <string>
#include <vector>

#include "service/dependency.h"
#include "store/object_store.h"

namespace thumbmill {

/// Thread-safe. Store and dependency outlive it.
class GuardedStore final : public ObjectStore {
 public:
  GuardedStore(ObjectStore& store, Dependency& dependency)
      : store_(store), dependency_(dependency) {}

  Status put(std::string_view key, const Blob& body, const PutOptions& options,
             const OpContext& context) override {
    return dependency_.call(
        context, [&](const OpContext& call) { return store_.put(key, body, options, call); });
  }
  using ObjectStore::get;
  Result<Object> get(std::string_view key, std::uint64_t most_bytes,
                     const OpContext& context) override {
    return dependency_.call(
        context, [&](const OpContext& call) { return store_.get(key, most_bytes, call); });
  }
  Result<ObjectInfo> head(std::string_view key, const OpContext& context) override {
    return dependency_.call(context, [&](const OpContext& call) { return store_.head(key, call); });
  }
  Status remove(std::string_view key, const OpContext& context) override {
    return dependency_.call(context,
                            [&](const OpContext& call) { return store_.remove(key, call); });
  }
  Status copy(std::string_view from, std::string_view to, const OpContext& context) override {
    return dependency_.call(context,
                            [&](const OpContext& call) { return store_.copy(from, to, call); });
  }
  Result<std::vector<ListedObject>> list(std::string_view prefix, std::string_view after,
                                         std::size_t limit, const OpContext& context) override {
    return dependency_.call(
        context, [&](const OpContext& call) { return store_.list(prefix, after, limit, call); });
  }
  Status check(const OpContext&) override { return dependency_.status(); }
  Result<std::size_t> remove_unfinished(WallTime before, const OpContext& context) override {
    return dependency_.call(
        context, [&](const OpContext& call) { return store_.remove_unfinished(before, call); });
  }
  std::string spool_directory() const override { return store_.spool_directory(); }

 private:
  ObjectStore& store_;
  Dependency& dependency_;
};

}  // namespace thumbmill
