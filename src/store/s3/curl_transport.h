// CurlTransport: HttpTransport by libcurl. Its source is the only file that knows libcurl.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/s3/http_transport.h"

namespace thumbmill::s3 {

class CurlConnection;
class CurlNames;

/// Thread-safe: as many exchanges at once as callers. Connections are kept and used again, the last
/// used first. The address of a host is looked up once a minute, for all of them.
class CurlTransport final : public HttpTransport {
 public:
  /// Bodies over kSpoolBytes are spooled into `spool_directory`, which must exist by then. Servers'
  /// certificates are checked against the PEM file `ca_bundle`, or the system's when it is empty.
  CurlTransport(const Clock& clock, std::string spool_directory, std::string ca_bundle = {});
  ~CurlTransport() override;

  Result<HttpAnswer> send(const HttpCall& call, const OpContext& context) override;

  static constexpr std::uint64_t kSpoolBytes = 1024 * 1024;

 private:
  Result<std::unique_ptr<CurlConnection>> take_connection();
  void keep(std::unique_ptr<CurlConnection> connection);

  const Clock& clock_;
  const std::string spool_directory_;
  const std::string ca_bundle_;
  const std::unique_ptr<CurlNames> names_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<CurlConnection>> idle_;  // guarded by mutex_
};

}  // namespace thumbmill::s3
