// ObjectStore: where originals, renditions and results are kept. It is the truth of the system:
// whatever is stored under uploads/ is unfinished work, whatever the queue says.
//
// Deliberately small: whole objects, no partial writes, no rename. Adapters: store/fs, store/s3;
// all of them and the fake run tests/conformance/object_store_suite.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/blob.h"
#include "base/clock.h"
#include "base/op_context.h"
#include "base/status.h"
#include "model/job.h"

namespace thumbmill {

/// What is known of an object without its bytes.
struct ObjectInfo {
  std::string key;
  std::uint64_t size_bytes = 0;
  WallTime modified{};       ///< when the put was; to the second at least
  std::string content_type;  ///< as put
  Metadata metadata;         ///< as put
};

/// An object with its bytes, which stay readable while the Blob lives, whatever happens to the key.
struct Object {
  ObjectInfo info;
  Blob body;
};

/// One row of a listing.
struct ListedObject {
  std::string key;
  WallTime modified{};
};

struct PutOptions {
  std::string content_type =
      "application/octet-stream";  ///< at most 255 printable ASCII characters
  Metadata metadata = {};  ///< names [a-z0-9-], printable ASCII values, kMaxMetadataBytes in all
  bool if_absent = false;  ///< fail with conflict when the key exists

  /// invalid_argument unless type and metadata are within the bounds above: what every put checks.
  Status check() const;
};

/// Why get() has not read an object.
Status too_many_bytes(std::string_view key, std::uint64_t most_bytes);

/// Thread-safe. Keys are those is_object_key() holds for; others are invalid_argument. Every call
/// may return unavailable (the store is away, or refuses what is asked of it, whatever its reason:
/// try later), deadline_exceeded or cancelled.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Stores `body` with its metadata under `key`, replacing what was there. Atomic: a reader sees
  /// the old object or the new one, whole. Durable on return. Safe to repeat. conflict: if_absent
  /// and the key exists; of several such puts at once exactly one wins. exhausted: disk full or
  /// quota reached; nothing is left behind.
  virtual Status put(std::string_view key, const Blob& body, const PutOptions& options,
                     const OpContext& context) = 0;

  /// The object with its bytes. not_found. too_large: it has more than `most_bytes`, and was not
  /// read.
  virtual Result<Object> get(std::string_view key, std::uint64_t most_bytes,
                             const OpContext& context) = 0;
  Result<Object> get(std::string_view key, const OpContext& context) {
    return get(key, std::numeric_limits<std::uint64_t>::max(), context);
  }

  /// The object without its bytes. not_found.
  virtual Result<ObjectInfo> head(std::string_view key, const OpContext& context) = 0;

  /// Removes the object; an absent key is ok. Need not be durable on return: what a crash brings
  /// back is removed again by whoever finds it.
  virtual Status remove(std::string_view key, const OpContext& context) = 0;

  /// Makes `to` an object equal to `from` in bytes, type and metadata, as put() would. not_found.
  virtual Status copy(std::string_view from, std::string_view to, const OpContext& context) = 0;

  /// Up to `limit` objects (1 to 1000) whose keys start with `prefix` and are greater than `after`,
  /// in byte order of the keys. A shorter answer than `limit` is the end. `prefix` ends in '/' or
  /// is empty. Objects put or removed meanwhile may or may not be there; all others are, also those
  /// that others have put, whose names need not be keys.
  virtual Result<std::vector<ListedObject>> list(std::string_view prefix, std::string_view after,
                                                 std::size_t limit, const OpContext& context) = 0;

  /// ok when the store can be used now, with all that the service needs of it: what /readyz,
  /// `doctor` and a worker before it leases ask. Otherwise the message says what is wrong.
  virtual Status check(const OpContext& context) = 0;

  /// Removes what unfinished puts older than `before` have left, if this store can leave anything;
  /// returns how many.
  virtual Result<std::size_t> remove_unfinished(WallTime before, const OpContext& context) = 0;

  /// The directory where the next upload should be spooled so that a put of the spooled Blob need
  /// not copy it, or empty when that makes no difference to this store. May be another one each
  /// time.
  virtual std::string spool_directory() const = 0;
};

}  // namespace thumbmill
