// The operations port: metrics, liveness, readiness, version. Kept apart from the API's port so
// that it need not be reachable from outside.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "net/http.h"

namespace thumbmill {

/// Whether one dependency can be used now.
struct DependencyCheck {
  std::string name;  ///< "store", "queue", ...
  Status status;
  bool may_be_full = false;  ///< exhausted is told, and is no reason not to be ready
};

/// What the operations port tells, all of it from memory: a probe must be answered whatever the
/// store or the queue does. Every function may be called by several threads at once.
struct OpsSources {
  std::function<std::string()> metrics;  ///< in Prometheus' text format (version 0.0.4)
  std::function<Status()> health;        ///< of this process; see service/canary.h
  std::function<std::vector<DependencyCheck>()> dependencies;
  std::string version;
};

/// Thread-safe. Metrics, log and clock outlive it.
class OpsService final : public HttpService {
 public:
  OpsService(OpsSources sources, SiteSettings site, Metrics& metrics, Logger& log,
             const Clock& clock);

  std::unique_ptr<HttpTask> begin(std::shared_ptr<const HttpRequest> request) override;
  HttpResponse reject(int status, std::string_view reason, std::string_view message,
                      std::string_view request_id) override;

 private:
  std::vector<Route> routes() const;

  const OpsSources sources_;
  const Router router_;
};

}  // namespace thumbmill
