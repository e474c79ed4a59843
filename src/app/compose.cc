#include "app/compose.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "api/api_service.h"
#include "api/key_file.h"
#include "api/ops.h"
#include "app/backends.h"
#include "app/decoders.h"
#include "app/descriptors.h"
#include "app/option_table.h"
#include "app/part_options.h"
#include "app/version.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "net/http_server.h"
#include "service/canary.h"
#include "service/catalog.h"
#include "service/dead_letters.h"
#include "service/dependency.h"
#include "service/depth_reader.h"
#include "service/guarded_queue.h"
#include "service/guarded_store.h"
#include "service/ingest.h"
#include "service/metered_store.h"
#include "service/queue_exporter.h"
#include "service/unqueued_uploads.h"

namespace thumbmill {

// In the order in which they are made; the last ones go first.
struct System::Parts {
  Parts(const Settings& s, Roles o, Clock& c, Random& r, Logger& l)
      : settings(s), roles(o), clock(c), random(r), log(l) {}

  void share_descriptors_out();
  Status start_backends();
  Status open_queue_or_tasks();
  Status start_decoding();
  JobSource& jobs() const {
    return tasks ? static_cast<JobSource&>(*tasks) : static_cast<JobSource&>(*backends.queue);
  }
  Result<GuardSettings> make_guard();
  Result<SiteSettings> site_settings(const ListenAddress& address) const;
  Status make_api();
  Status make_worker();
  Status make_janitor();
  Status make_ops();
  Status start_all();
  void stop();
  std::vector<DependencyCheck> dependencies() const;
  Result<QueueDepth> depth_of(JobQueue& queue, const OpContext& context) const;

  Settings settings;  // as they were set, but for what the machine does not allow
  const Roles roles;
  std::unique_ptr<SpoolPlaces> spool_places;
  const DiskReserve disk_reserve{settings.disk_reserve_bytes};
  Clock& clock;
  Random& random;
  Logger& log;
  std::atomic<bool> stopping = false;
  PrometheusMetrics metrics;
  std::unique_ptr<Notifier> notifier;
  std::unique_ptr<Workload> workload;
  Backends backends;
  std::unique_ptr<TaskSource> tasks;  // in place of a queue, or null
  std::unique_ptr<Leadership> leadership;
  std::unique_ptr<MeteredStore> store;
  std::unique_ptr<Dependency> store_state;
  std::unique_ptr<Dependency> queue_state;
  std::unique_ptr<DecoderPool> decoders;
  std::unique_ptr<Canary> canary;
  std::unique_ptr<GuardedStore> guarded_store;  // for requests
  std::unique_ptr<GuardedQueue> guarded_queue;
  std::unique_ptr<UnqueuedUploads> unqueued;
  std::unique_ptr<DepthReader> depth;
  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<DirectUploads> direct_uploads;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<DeadLetters> dead_letters;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<QueueExporter> exporter;
  std::unique_ptr<Janitor> janitor;
  std::unique_ptr<KeyFile> key_file;  // null: no keys are asked for
  std::unique_ptr<ApiService> api;
  std::unique_ptr<OpsService> ops;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpServer> admin_server;
};

void System::Parts::share_descriptors_out() {
  const std::uint64_t limit = raise_descriptor_limit();
  const DescriptorShares shares = share_descriptors(limit, settings.connections);
  if (shares.connections < settings.connections) {
    log.warning("fewer connections than max-connections: the limit of open files is too low",
                {{"max_connections", settings.connections},
                 {"connections", shares.connections},
                 {"open_files", limit}});
    settings.connections = shares.connections;
  }
  // One address must leave something to the others whatever the numbers are.
  const std::uint64_t most = std::max<std::uint64_t>(settings.connections / 2, 1);
  settings.connections_per_address = std::min(settings.connections_per_address, most);
  spool_places = std::make_unique<SpoolPlaces>(shares.spool_files);
}

Status System::Parts::start_backends() {
  if (!roles.all() && !is_shared(settings)) {
    return Status(Code::invalid_argument,
                  fmt::format("setting queue is \"{}\", which is for one process that does it all: "
                              "run `thumbmill serve`, or set queue to redis://HOST or kafka://HOST",
                              settings.queue));
  }
  RETURN_IF_ERROR(open_queue_or_tasks());
  ASSIGN_OR_RETURN(notifier, open_notifier(settings, clock, random, metrics, log));
  workload = std::make_unique<Workload>(*notifier, clock, settings.drain_target);
  store = std::make_unique<MeteredStore>(*backends.store, metrics);
  const std::chrono::milliseconds patience = settings.dependency_patience;
  store_state = std::make_unique<Dependency>(
      DependencyOptions{"store", patience, store_check_interval(settings)},
      [this](const OpContext& context) { return store->check(context); }, metrics, log, clock);
  queue_state = std::make_unique<Dependency>(
      DependencyOptions{"queue", patience},
      [this](const OpContext& context) { return jobs().check(context); }, metrics, log, clock);
  return Status();
}

Status System::Parts::open_queue_or_tasks() {
  const bool works_only = roles.worker && !roles.api && !roles.janitor;
  if (!has_tasks(settings) || !works_only) {  // which says why tasks are not for the other roles
    ASSIGN_OR_RETURN(backends, open_backends(settings, clock, random, metrics, log));
    return Status();
  }
  ASSIGN_OR_RETURN(tasks, open_tasks(settings, clock, random, metrics, log));
  ASSIGN_OR_RETURN(backends.store, open_store(settings, clock, random, metrics, log));
  return Status();
}

Result<GuardSettings> System::Parts::make_guard() {
  GuardSettings guard;
  if (!settings.api_keys_file.empty()) {
    ASSIGN_OR_RETURN(key_file, KeyFile::open(settings.api_keys_file, clock, log));
    guard.keys = [file = key_file.get()] { return file->keys(); };
  }
  guard.url_time = std::chrono::ceil<std::chrono::seconds>(settings.url_time);
  guard.limits = client_limits(settings);
  if (is_open_to_others(settings)) {
    log.warning(
        "THE API IS OPEN: whoever reaches this address may upload, list and delete everything; "
        "make a key with `thumbmill keys new NAME` and set api-keys-file, or listen on 127.0.0.1",
        {{"listen", format_listen_address(settings.listen)}});
  }
  return guard;
}

Result<SiteSettings> System::Parts::site_settings(const ListenAddress& address) const {
  SiteSettings site;
  site.listen_host = address.host;
  Result<HostList> hosts = HostList::parse(settings.allowed_hosts);
  if (!hosts.ok()) return hosts.status().with_context("setting allowed-hosts");
  site.allowed_hosts = *std::move(hosts);
  return site;
}

Status System::Parts::make_api() {
  ASSIGN_OR_RETURN(GuardSettings guard, make_guard());
  ASSIGN_OR_RETURN(SiteSettings site, site_settings(settings.listen));
  Result<CorsPolicy> cors = CorsPolicy::parse(settings.cors_origins);
  if (!cors.ok()) return cors.status().with_context("setting cors-origins");
  site.cors = *std::move(cors);
  site.check_host = settings.api_keys_file.empty();
  guarded_store = std::make_unique<GuardedStore>(*store, *store_state);
  guarded_queue = std::make_unique<GuardedQueue>(*backends.queue, *queue_state);
  ObjectStore& kept = *guarded_store;
  JobQueue& queue = *guarded_queue;
  unqueued = std::make_unique<UnqueuedUploads>(queue, metrics, log, clock);
  depth = std::make_unique<DepthReader>(
      [this](const OpContext& context) { return depth_of(*guarded_queue, context); }, clock);
  ingest = std::make_unique<Ingest>(kept, queue, *notifier, metrics, log, clock, settings.formats,
                                    unqueued.get());
  catalog = std::make_unique<Catalog>(kept, queue, *notifier, metrics, log, clock);
  dead_letters = std::make_unique<DeadLetters>(kept, queue, *catalog, *notifier, log, clock);
  const auto presign_time = std::chrono::ceil<std::chrono::seconds>(settings.presign_time);
  ApiParts parts{*ingest,   *catalog,  *dead_letters, kept, *depth,
                 *notifier, *workload, metrics,       log,  clock};
  if (backends.presigner != nullptr) {
    direct_uploads =
        std::make_unique<DirectUploads>(*backends.presigner, kept, *ingest, clock, presign_time);
    parts.direct_uploads = direct_uploads.get();
  }
  if (settings.deliver == Delivery::redirect) parts.redirect = backends.presigner;
  parts.redirect_time = presign_time;
  api = std::make_unique<ApiService>(upload_settings(settings, *store, *spool_places, disk_reserve),
                                     parts, std::move(guard), std::move(site),
                                     stream_limits(settings));
  return Status();
}

// Before anything is opened: a process whose sandbox does not hold has touched neither store nor
// queue, and the zygotes are there before there are secrets.
Status System::Parts::start_decoding() {
  ASSIGN_OR_RETURN(decoders,
                   start_decoders(settings, MemoryShortage::give_way, metrics, log, clock));
  return Status();
}

Status System::Parts::make_worker() {
  canary = std::make_unique<Canary>(*decoders, log, clock);
  worker = std::make_unique<Worker>(
      worker_options(settings),
      WorkerParts{
          *store, jobs(), *decoders, *notifier, metrics, log, clock, random, {}, tasks.get()});
  return Status();
}

Status System::Parts::make_janitor() {
  ASSIGN_OR_RETURN(leadership, open_leadership(settings, clock, log));
  exporter = std::make_unique<QueueExporter>(QueueExporterParts{
      [this](const OpContext& context) { return depth_of(*backends.queue, context); }, *leadership,
      *workload, metrics, log, clock});
  JanitorOptions options = janitor_options(settings);
  // A queue that others share is never still empty because this process has just started.
  if (is_shared(settings)) options.first_sweep_age = options.sweep_age;
  janitor =
      std::make_unique<Janitor>(options, JanitorParts{*store, *backends.queue, metrics, log, clock,
                                                      [this] { return exporter->leads(); }});
  return Status();
}

Status System::Parts::make_ops() {
  ASSIGN_OR_RETURN(SiteSettings site, site_settings(settings.admin_listen));
  metrics.set(metric::kBuildInfo, 1, {kVersion});
  OpsSources sources;
  sources.metrics = [this] { return metrics.serialize(); };
  // A process without decoders is well when it can answer.
  sources.health = [this] { return canary ? canary->health() : Status(); };
  sources.dependencies = [this] { return dependencies(); };
  sources.version = kVersion;
  ops = std::make_unique<OpsService>(std::move(sources), std::move(site), metrics, log, clock);
  return Status();
}

std::vector<DependencyCheck> System::Parts::dependencies() const {
  const Status self = stopping ? Status(Code::unavailable, "stopping") : Status();
  // What is in a full queue can be worked on, uploads are taken all the same, and a process that is
  // not ready cannot tell a scaler how many wait.
  std::vector<DependencyCheck> checks{
      {"self", self},
      {"store", store_state->status()},
      {.name = "queue", .status = queue_state->status(), .may_be_full = true}};
  if (exporter) checks.push_back({"lead", exporter->check()});
  return checks;
}

// With the uploads that wait for the queue: this process knows its own; a sweep finds everybody's,
// but says nothing of now once the queue takes jobs again.
Result<QueueDepth> System::Parts::depth_of(JobQueue& queue, const OpContext& context) const {
  ASSIGN_OR_RETURN(QueueDepth figures, queue.depth(context));
  if (unqueued) figures.unqueued = unqueued->count();
  if (janitor && !queue_state->status().ok()) {
    figures.unqueued = std::max(figures.unqueued, janitor->unqueued());
  }
  return figures;
}

Status System::Parts::start_all() {
  store_state->start();
  queue_state->start();
  if (unqueued) unqueued->start();
  if (api) {
    ASSIGN_OR_RETURN(server, HttpServer::start(server_options(settings, settings.listen), *api,
                                               metrics, log, clock, random));
  }
  ASSIGN_OR_RETURN(admin_server,
                   HttpServer::start(admin_options(settings), *ops, metrics, log, clock, random));
  if (key_file) key_file->start();
  if (canary) canary->start();
  if (exporter) exporter->start();
  if (janitor) janitor->start();
  if (worker) worker->start();
  return Status();
}

void System::Parts::stop() {
  if (stopping.exchange(true)) return;
  const SteadyTime deadline = clock.now() + settings.drain;
  const auto left = [&] {
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()));
  };
  // Uploads first: what they accept now is durable and waits for the next start.
  if (server) server->stop(left());
  if (worker) worker->stop(left());
  if (janitor) janitor->stop();
  if (exporter) exporter->stop();
  if (canary) canary->stop();
  if (key_file) key_file->stop();
  if (unqueued) unqueued->stop();
  if (queue_state) queue_state->stop();
  if (store_state) store_state->stop();
  if (admin_server) admin_server->stop(std::chrono::milliseconds(0));
}

System::System(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

System::~System() { stop(); }

Result<std::unique_ptr<System>> System::start(const Settings& settings, Roles roles, Clock& clock,
                                              Random& random, Logger& log) {
  auto parts = std::make_unique<Parts>(settings, roles, clock, random, log);
  if (roles.worker) RETURN_IF_ERROR(parts->start_decoding());
  if (roles.api) parts->share_descriptors_out();
  RETURN_IF_ERROR(parts->start_backends());
  if (roles.api) RETURN_IF_ERROR(parts->make_api());
  if (roles.worker) RETURN_IF_ERROR(parts->make_worker());
  if (roles.janitor) RETURN_IF_ERROR(parts->make_janitor());
  RETURN_IF_ERROR(parts->make_ops());
  RETURN_IF_ERROR(parts->start_all());
  return std::unique_ptr<System>(new System(std::move(parts)));
}

std::uint16_t System::port() const { return parts_->server ? parts_->server->port() : 0; }

std::uint16_t System::admin_port() const { return parts_->admin_server->port(); }

void System::stop() { parts_->stop(); }

}  // namespace thumbmill
