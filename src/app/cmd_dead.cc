#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/backends.h"
#include "app/commands.h"
#include "app/part_options.h"
#include "app/setting_flags.h"
#include "base/utf8.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "net/http_client.h"
#include "notify/local/local_notifier.h"
#include "service/dead_letters.h"

namespace thumbmill {
namespace {

struct DeadOptions {
  std::string action;  // list, show, retry, purge
  std::string id;
  bool all = false;
  bool json = false;
  std::string api_key;
  std::string url;  // of a running server; empty: the store itself
};

constexpr std::size_t kPage = 100;

std::string describe(const JobView& job) {
  const JobFailure failure =
      job.result && job.result->failure ? *job.result->failure : JobFailure();
  return for_terminal(fmt::format("{}  {}  {:<17} {}  ({} tries, \"{}\")", job.id.text(),
                                  format_rfc3339(job.created), code_name(failure.code),
                                  failure.message, job.attempts, job.name));
}

// On the store and the queue, of which this process is the only owner meanwhile.
Status run_locally(const DeadOptions& options, DeadLetters& letters, Catalog& catalog) {
  if (options.action == "retry" && !options.all) return letters.retry(options.id, {});
  if (options.action == "purge" && !options.all) return letters.purge(options.id, {});
  if (options.action == "retry" || options.action == "purge") {
    ASSIGN_OR_RETURN(const std::uint64_t count,
                     options.action == "retry" ? letters.retry_all({}) : letters.purge_all({}));
    fmt::print("{} {}\n", count, options.action == "retry" ? "queued again" : "purged");
    return Status();
  }
  if (options.action == "show") {
    ASSIGN_OR_RETURN(const JobView job, catalog.find(options.id, {}));
    fmt::print("{}\n", job.result ? encode_job_result(*job.result) : describe(job));
    return Status();
  }
  for (std::string after;;) {
    ASSIGN_OR_RETURN(const JobPage page, letters.list(after, kPage, {}));
    for (const JobView& job : page.jobs)
      fmt::print("{}\n", options.json ? job.id.text() : describe(job));
    if (!page.next) return Status();
    after = *page.next;
  }
}

// Over the API of a running server, whose answer is printed as it is.
Status run_remotely(const DeadOptions& options, const Clock& clock) {
  ASSIGN_OR_RETURN(const HttpOrigin origin, parse_http_origin(options.url));
  const auto client = HttpClient::create(origin, clock);
  const bool one = !options.id.empty();
  std::string method = "GET";
  std::string target = one ? "/v1/images/" + options.id : "/v1/dead?limit=200";
  if (options.action == "retry") {
    method = "POST";
    target = one ? "/v1/dead/" + options.id + "/retry" : "/v1/dead/retry";
  } else if (options.action == "purge") {
    method = "DELETE";
    target = one ? "/v1/dead/" + options.id : "/v1/dead";
  }
  OpContext context;
  context.deadline = clock.now() + std::chrono::minutes(1);
  HttpFields fields;
  if (!options.api_key.empty()) fields.add("Authorization", "Bearer " + options.api_key);
  ASSIGN_OR_RETURN(const HttpResponse response,
                   client->send(method, target, fields, Blob(), context));
  ASSIGN_OR_RETURN(const std::string body, response.body.to_string());
  if (response.status / 100 != 2) {
    return Status(response.status == 404 ? Code::not_found : Code::unavailable,
                  fmt::format("{} answered {}", options.url, response.status), body);
  }
  if (!body.empty()) fmt::print("{}\n", for_terminal(body));
  return Status();
}

Status check_options(const DeadOptions& options) {
  const bool one = options.action == "show" ||
                   ((options.action == "retry" || options.action == "purge") && !options.all);
  if (one && options.id.empty()) {
    return Status(Code::invalid_argument,
                  fmt::format("dead {} needs an id{}", options.action,
                              options.action == "show" ? "" : ", or --all"));
  }
  if (!one && !options.id.empty()) {
    return Status(Code::invalid_argument, fmt::format("dead {} takes no id here", options.action));
  }
  return Status();
}

}  // namespace

int cmd_dead(int argc, char** argv) {
  CLI::App app(
      "Dead letters: failed jobs whose originals are kept. Works on the store itself, or with "
      "--url on a running "
      "server.",
      "thumbmill dead");
  DeadOptions options;
  app.add_option("action", options.action, "list, show, retry or purge")
      ->required()
      ->check(CLI::IsMember({"list", "show", "retry", "purge"}));
  app.add_option("id", options.id, "The job");
  app.add_flag("--all", options.all, "Every dead letter (retry, purge)");
  app.add_flag("--json", options.json, "Ids only, one a line (list)");
  app.add_option("--url", options.url, "Base URL of a running server, e.g. http://localhost:8080");
  add_api_key_option(app, options.api_key);
  const SettingFlags flags(app, {"Where", "S3", "Logs"});
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  if (const Status valid = check_options(options); !valid.ok()) return fail(valid);
  SystemClock clock;
  if (!options.url.empty()) {
    const Status done = run_remotely(options, clock);
    return done.ok() ? EX_OK : fail(done);
  }
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  Random random;
  FdLogger log(STDERR_FILENO, log_format(loaded->settings), loaded->settings.log_level, clock);
  PrometheusMetrics metrics;
  const Result<Backends> backends = open_backends(loaded->settings, clock, random, metrics, log);
  if (backends.status().code() == Code::conflict) {
    return fail(Status(Code::conflict,
                       backends.status().message() + "; ask it with --url http://HOST:PORT"));
  }
  if (!backends.ok()) return fail(backends.status());
  LocalNotifier notifier;
  Catalog catalog(*backends->store, *backends->queue, notifier, metrics, log, clock);
  DeadLetters letters(*backends->store, *backends->queue, catalog, notifier, log, clock);
  const Status done = run_locally(options, letters, catalog);
  return done.ok() ? EX_OK : fail(done);
}

}  // namespace thumbmill
