// Endpoint: which host and path an object of the bucket has. Internal to store/s3.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "store/s3/percent.h"

namespace thumbmill::s3 {

/// Immutable.
class Endpoint {
 public:
  /// AWS's for the region when `url` is empty. The bucket is part of the host name, but of the path
  /// when `path_style` says so, and where its name cannot be one: the host is an address or
  /// "localhost", or the bucket's name has dots and the scheme is https (certificates cover one
  /// label). invalid_argument when `url` is none, or there is neither URL nor region.
  static Result<Endpoint> make(const std::string& url, const std::string& region,
                               const std::string& bucket, bool path_style);

  /// As in the Host header.
  const std::string& host() const { return host_; }

  /// The encoded path of a key, or of the bucket itself when `key` is empty.
  std::string path(std::string_view key) const;

  /// The URL of an encoded path and a query.
  std::string url(std::string_view path, const Parameters& query) const;

 private:
  Endpoint(std::string scheme, std::string host, std::string base)
      : scheme_(std::move(scheme)), host_(std::move(host)), base_(std::move(base)) {}

  std::string scheme_;  // "https"
  std::string host_;
  std::string base_;  // encoded, without a final '/'; holds the bucket in path style
};

}  // namespace thumbmill::s3
