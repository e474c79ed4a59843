// ObjectCursor: walks all objects below a prefix, a listing of the store at a time. Used wherever
// the service goes through one shard of a key space.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/status.h"
#include "store/object_store.h"

namespace thumbmill {

/// One thread at a time. Holds at most one page of the listing.
class ObjectCursor {
 public:
  /// Starts after the key `after`, or at the beginning when that is empty.
  ObjectCursor(ObjectStore& store, std::string prefix, const OpContext& context,
               std::string after = {});

  /// The next object in byte order of the keys; nothing at the end. The store's failures.
  Result<std::optional<ListedObject>> next();

 private:
  ObjectStore& store_;
  const std::string prefix_;
  const OpContext context_;
  std::string after_;
  std::vector<ListedObject> page_;
  std::size_t at_ = 0;
  bool last_page_ = false;
};

}  // namespace thumbmill
