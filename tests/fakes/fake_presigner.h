// A Presigner whose URLs say what they are for, and are good for nothing.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "store/presigner.h"

namespace thumbmill {

/// One thread at a time.
class FakePresigner final : public Presigner {
 public:
  Result<PresignedRequest> presign_get(std::string_view key, std::chrono::seconds ttl,
                                       const OpContext&) override {
    if (!failure.ok()) return failure;
    return PresignedRequest{"GET", fmt::format("https://store/{}?ttl={}", key, ttl.count()), {}};
  }

  Result<PresignedRequest> presign_put(std::string_view key, const PutOptions& options,
                                       std::optional<std::uint64_t> size_bytes,
                                       std::chrono::seconds ttl, const OpContext&) override {
    if (!failure.ok()) return failure;
    put_key = key;
    put_options = options;
    return PresignedRequest{
        "PUT",
        fmt::format("https://store/{}?ttl={}", key, ttl.count()),
        {{"content-type", options.content_type}, {"content-length", std::to_string(*size_bytes)}}};
  }

  Status failure;       ///< of every call, when it is not ok
  std::string put_key;  ///< of the last presign_put
  PutOptions put_options;
};

}  // namespace thumbmill
