// Router: finds what answers a request in a table of routes, and does for all of them what is the
// same for all: 404, 405 with Allow, OPTIONS, HEAD by GET, problems for failures, metrics, and
// asking the site policy, and the guard where there is one. It knows nothing of images.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/guard.h"
#include "api/site_policy.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "net/http.h"

namespace thumbmill {

/// A request for which a route was found. Value; copies share the request.
struct Call {
  std::shared_ptr<const HttpRequest> request;  // shared with the server and whoever answers later
  std::vector<std::pair<std::string, std::string>> captures;  ///< {name} of the pattern, to value
  std::shared_ptr<Allowance> allowance = {};                  ///< see Admission
  std::string client = {};                                    ///< see Admission
  std::string caller = {};                                    ///< see Admission
  bool guarded = false;                                       ///< see Admission
  std::optional<WallTime> until = {};                         ///< see Admission

  /// What stood in the path for {name}; empty when the pattern has no such name.
  std::string capture(std::string_view name) const;
};

/// Answers at once, or fails, which becomes a problem. May block.
using AnswerNow = std::function<Result<HttpResponse>(const Call&, const OpContext&)>;
/// Answers through the Responder, now or later. May block, but not for long.
using AnswerLater = std::function<void(const Call&, Responder, const OpContext&)>;
/// Makes a task that takes the request's body. On an I/O thread: must not block.
using TaskFactory = std::function<std::unique_ptr<HttpTask>(const Call&)>;

/// One row of the table. The pattern is a path whose segments are text or {name}; text wins.
struct Route {
  std::string method;   ///< GET answers HEAD as well
  std::string pattern;  ///< also the metrics' label
  std::variant<AnswerNow, AnswerLater, TaskFactory> handler;
  bool in_memory = false;  ///< waits neither for the store nor for the queue

  WorkKind kind() const;
};

/// Thread-safe. Metrics, log, clock and guard outlive it and everything it makes.
class Router {
 public:
  /// Without a guard everything is let through that the site policy lets through.
  Router(std::vector<Route> routes, SitePolicy site, Metrics& metrics, Logger& log,
         const Clock& clock, Guard* guard = nullptr);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// The task for a request; never null: what has no route is answered with a problem.
  std::unique_ptr<HttpTask> begin(const std::shared_ptr<const HttpRequest>& request) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Match {
    const Route* route = nullptr;  // null: no route has this path, or none this method
    Call call;
    std::string pattern;               // of any route with this path; empty: there is none
    std::vector<std::string> allowed;  // methods of the routes with this path

    std::string allow() const;  // the same as the field Allow has it
  };

  Match find(const std::shared_ptr<const HttpRequest>& request) const;
  std::unique_ptr<HttpTask> task_of(const Match& match, const HttpRequest& request) const;
  Admission admit(const HttpRequest& request, const Match& match) const;
  /// That task, or the answer to a body that the client's allowance has no bytes for.
  std::unique_ptr<HttpTask> allowed_task_of(const Match& match, const HttpRequest& request) const;

  const std::vector<Route> routes_;                            // patterns with fewer captures first
  const std::vector<std::vector<std::string_view>> segments_;  // of each one's pattern
  const SitePolicy site_;
  Metrics& metrics_;
  Logger& log_;
  const Clock& clock_;
  Guard* const guard_;  // may be null
};

}  // namespace thumbmill
