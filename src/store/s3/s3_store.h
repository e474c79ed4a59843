// S3Store: an ObjectStore in a bucket of Amazon S3 or of a server that speaks its protocol. Many
// processes use one bucket at once; other programs may have objects beside ours, under another
// prefix. Objects are put whole, in one request: there are no multipart uploads, and so nothing
// that an unfinished put could leave behind. Settings, permissions and what is retried: docs/s3.md.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "metrics/metrics.h"
#include "store/object_store.h"
#include "store/presigner.h"
#include "store/s3/s3_options.h"

namespace thumbmill {

/// Thread-safe. A key that begins with ".thumbmill-" is invalid_argument: the store's own.
class S3Store final : public ObjectStore, public Presigner {
 public:
  /// Longest time for which a request can be presigned.
  static constexpr std::chrono::seconds kMostPresignedTime{7 * 24 * 3600};

  /// Makes the store; asks neither the server nor a credential source, so that a start does not
  /// hang on them (check() does). invalid_argument when an option is wrong or the region is not
  /// known. Clock, random numbers, metrics and log outlive the store.
  static Result<std::unique_ptr<S3Store>> open(S3Options options, Clock& clock, Random& random,
                                               Metrics& metrics, Logger& log);
  ~S3Store() override;

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
  /// Whether the bucket is the one that is meant, grants each right that is needed, has conditional
  /// puts and encrypts as the options ask. Five requests, on small objects of its own.
  Status check(const OpContext& context) override;
  /// 0: a put that does not finish leaves nothing.
  Result<std::size_t> remove_unfinished(WallTime before, const OpContext& context) override;
  /// Empty: the bytes go over the network from wherever they are.
  std::string spool_directory() const override { return {}; }

  /// A URL to read an object, with HEAD too, for at most kMostPresignedTime.
  Result<PresignedRequest> presign_get(std::string_view key, std::chrono::seconds ttl,
                                       const OpContext& context) override;
  Result<PresignedRequest> presign_put(std::string_view key, const PutOptions& options,
                                       std::optional<std::uint64_t> size_bytes,
                                       std::chrono::seconds ttl, const OpContext& context) override;

 private:
  struct Parts;
  explicit S3Store(std::unique_ptr<Parts> parts);

  Status check_key(std::string_view key, const OpContext& context) const;
  Result<ObjectInfo> head_object(std::string_view key, const OpContext& context);
  /// After a conditional put that was repeated: whether the object there is of that very put.
  Result<bool> is_of_put(std::string_view key, std::string_view token, const OpContext& context);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace thumbmill
