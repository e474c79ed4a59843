// Presigner: lets somebody without credentials read or put one object of an ObjectStore directly,
// for a while. Only stores on a network that speak HTTP can: store/s3.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/op_context.h"
#include "base/status.h"
#include "store/object_store.h"

namespace thumbmill {

/// A request that somebody without credentials may send, once or often, until it expires.
struct PresignedRequest {
  std::string method;
  std::string url;  ///< secret: whoever has it may do what it says
  /// Headers that must be sent as they are here; names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Thread-safe. Keys are an ObjectStore's; every call may return unavailable (no credentials now).
class Presigner {
 public:
  virtual ~Presigner() = default;

  /// A request to read an object for `ttl` (1 s to 7 days; no longer than temporary credentials
  /// live). Whether the object exists is not looked at.
  virtual Result<PresignedRequest> presign_get(std::string_view key, std::chrono::seconds ttl,
                                               const OpContext& context) = 0;

  /// A request to put an object with these options, whose type and metadata are part of it.
  /// `size_bytes`, when given, is the one size that is taken: a signature cannot say "at most".
  virtual Result<PresignedRequest> presign_put(std::string_view key, const PutOptions& options,
                                               std::optional<std::uint64_t> size_bytes,
                                               std::chrono::seconds ttl,
                                               const OpContext& context) = 0;
};

}  // namespace thumbmill
