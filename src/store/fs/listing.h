// Listing a directory tree in byte order of the keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "store/object_store.h"

namespace thumbmill {

/// True for first components of paths below the root that are the store's own: "tmp", "queue" and
/// names with a dot in front.
bool is_private_name(std::string_view name);

/// Appends to `found`, up to `limit` in all, the regular files below `root`/`prefix` whose keys
/// (paths below `root`) are greater than `after`, in byte order. `prefix` is empty or ends in '/'.
/// Costs a read of each directory on the way; files are looked at one by one only when listed. A
/// missing directory is an empty one.
Status list_directory(const std::string& root, const std::string& prefix, std::string_view after,
                      std::size_t limit, std::vector<ListedObject>& found);

}  // namespace thumbmill
