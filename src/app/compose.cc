#include "app/compose.h"

#include <algorithm>
#include <atomic>

#include <unistd.h>

#include "api/api_service.h"
#include "api/ops.h"
#include "app/backends.h"
#include "app/decoders.h"
#include "app/version.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "net/http_server.h"
#include "notify/local/local_notifier.h"
#include "service/canary.h"
#include "service/catalog.h"
#include "service/dead_letters.h"
#include "service/ingest.h"
#include "service/metered_store.h"

namespace thumbmill {
namespace {

std::chrono::hours whole_hours(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::hours>(duration);
}

UploadSettings upload_settings(const Settings& settings, const ObjectStore& store) {
  UploadSettings upload;
  upload.limits.max_file_bytes = settings.max_body_bytes;
  upload.limits.max_request_bytes = settings.max_form_bytes;
  upload.defaults.presets = settings.renditions;
  upload.defaults.renditions = settings.default_renditions;
  upload.defaults.keep_original = settings.keep_originals;
  upload.spool_directory = store.spool_directory();
  return upload;
}

HttpServerOptions server_options(const Settings& settings, const ListenAddress& address) {
  HttpServerOptions options;
  options.host = address.host;
  options.port = address.port;
  options.io_threads = settings.io_threads;
  options.pool_threads = settings.request_threads;
  options.limits.request_line_bytes = settings.request_line_bytes;
  options.limits.header_bytes = settings.header_bytes;
  options.limits.header_count = settings.header_count;
  options.limits.header_time = settings.header_time;
  options.limits.idle_time = settings.idle_time;
  options.limits.body_time = settings.body_time;
  options.limits.body_grace = settings.body_grace;
  options.limits.body_rate_bytes = settings.body_rate_bytes;
  options.limits.connections = settings.connections;
  return options;
}

// The operations port has few and trusted clients.
HttpServerOptions admin_options(const Settings& settings) {
  HttpServerOptions options = server_options(settings, settings.admin_listen);
  options.io_threads = 1;
  options.pool_threads = 2;
  return options;
}

}  // namespace

WorkerOptions worker_options(const Settings& settings) {
  WorkerOptions options;
  options.threads = worker_count(settings);
  options.lease_ttl = settings.lease;
  options.lease_renewal = settings.lease_renewal;
  options.lease_patience = settings.lease_patience;
  options.backoff = {settings.retry_base, settings.retry_cap};
  options.max_attempts = static_cast<int>(settings.max_attempts);
  options.max_decoder_crashes = static_cast<int>(settings.max_decoder_crashes);
  options.give_up_after = whole_hours(settings.give_up_after);
  options.limits = image_limits(settings);
  return options;
}

JanitorOptions janitor_options(const Settings& settings) {
  JanitorOptions options;
  options.sweep_interval = settings.sweep_interval;
  options.sweep_age = settings.sweep_age;
  options.unfinished_age = whole_hours(settings.unfinished_age);
  options.dead_letter_age = whole_hours(settings.dead_letter_age);
  options.result_age = whole_hours(settings.result_age);
  return options;
}

LogFormat log_format(const Settings& settings) {
  switch (settings.log_format) {
    case LogStyle::json:
      return LogFormat::json;
    case LogStyle::text:
      return LogFormat::text;
    case LogStyle::automatic:
      break;
  }
  return ::isatty(STDERR_FILENO) == 1 ? LogFormat::text : LogFormat::json;
}

// In the order in which they are made; the last ones go first.
struct System::Parts {
  Parts(const Settings& s, Clock& c, Random& r, Logger& l)
      : settings(s), clock(c), random(r), log(l) {}

  Status start_backends();
  void start_services();
  Status start_servers();
  std::vector<DependencyCheck> dependencies(const OpContext& context);

  const Settings settings;
  Clock& clock;
  Random& random;
  Logger& log;
  std::atomic<bool> stopping = false;
  PrometheusMetrics metrics;
  LocalNotifier notifier;
  Backends backends;
  std::unique_ptr<MeteredStore> store;
  std::unique_ptr<DecoderPool> decoders;
  std::unique_ptr<Canary> canary;
  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<DeadLetters> dead_letters;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<Janitor> janitor;
  std::unique_ptr<ApiService> api;
  std::unique_ptr<OpsService> ops;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpServer> admin_server;
};

Status System::Parts::start_backends() {
  ASSIGN_OR_RETURN(backends, open_backends(settings, clock, random, log));
  store = std::make_unique<MeteredStore>(*backends.store, metrics);
  ASSIGN_OR_RETURN(decoders, start_decoders(settings, metrics, log, clock));
  return Status();
}

void System::Parts::start_services() {
  JobQueue& queue = *backends.queue;
  metrics.set(metric::kBuildInfo, 1, {kVersion});
  canary = std::make_unique<Canary>(*decoders, log, clock);
  ingest = std::make_unique<Ingest>(*store, queue, notifier, metrics, log, clock, random);
  catalog = std::make_unique<Catalog>(*store, queue, notifier, clock);
  dead_letters = std::make_unique<DeadLetters>(*store, queue, *catalog, notifier, log, clock);
  worker = std::make_unique<Worker>(
      worker_options(settings),
      WorkerParts{*store, queue, *decoders, notifier, metrics, log, clock, random});
  janitor = std::make_unique<Janitor>(janitor_options(settings),
                                      JanitorParts{*store, queue, metrics, log, clock});
  api = std::make_unique<ApiService>(
      upload_settings(settings, *store),
      ApiParts{*ingest, *catalog, *dead_letters, *store, queue, notifier, metrics, log, clock});
  OpsSources sources;
  sources.metrics = [this] { return metrics.serialize(); };
  sources.health = [this] { return canary->health(); };
  sources.dependencies = [this](const OpContext& context) { return dependencies(context); };
  sources.version = kVersion;
  ops = std::make_unique<OpsService>(std::move(sources), metrics, log, clock);
}

std::vector<DependencyCheck> System::Parts::dependencies(const OpContext& context) {
  const Status self = stopping ? Status(Code::unavailable, "stopping") : Status();
  return {
      {"self", self}, {"store", store->check(context)}, {"queue", backends.queue->check(context)}};
}

Status System::Parts::start_servers() {
  ASSIGN_OR_RETURN(server, HttpServer::start(server_options(settings, settings.listen), *api,
                                             metrics, log, clock, random));
  ASSIGN_OR_RETURN(admin_server,
                   HttpServer::start(admin_options(settings), *ops, metrics, log, clock, random));
  canary->start();
  janitor->start();
  worker->start();
  return Status();
}

System::System(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

System::~System() { stop(); }

Result<std::unique_ptr<System>> System::start(const Settings& settings, Clock& clock,
                                              Random& random, Logger& log) {
  auto parts = std::make_unique<Parts>(settings, clock, random, log);
  RETURN_IF_ERROR(parts->start_backends());
  parts->start_services();
  RETURN_IF_ERROR(parts->start_servers());
  return std::unique_ptr<System>(new System(std::move(parts)));
}

std::uint16_t System::port() const { return parts_->server->port(); }

std::uint16_t System::admin_port() const { return parts_->admin_server->port(); }

void System::stop() {
  if (parts_->stopping.exchange(true)) return;
  const SteadyTime deadline = parts_->clock.now() + parts_->settings.drain;
  const auto left = [&] {
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::ceil<std::chrono::milliseconds>(deadline - parts_->clock.now()));
  };
  // Uploads first: what they accept now is durable and waits for the next start.
  parts_->server->stop(left());
  parts_->worker->stop(left());
  parts_->janitor->stop();
  parts_->canary->stop();
  parts_->admin_server->stop(std::chrono::milliseconds(0));
}

}  // namespace thumbmill
