// Metrics: the port for counting and timing, and the table of every metric there is. Names and
// labels follow Prometheus' conventions (base units, _total for counters). Adapters declare what is
// in this table and nothing else.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

namespace thumbmill {

enum class MetricKind { counter, gauge, histogram };

/// One metric. Identified by its address: only the constants below are ever passed around.
struct Metric {
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  std::string_view labels = {};          ///< label names, separated by commas; empty: none
  std::span<const double> buckets = {};  ///< upper bounds of a histogram, in seconds or bytes
  /// Of the whole system, not of this process: there only while somebody sets it.
  bool system_wide = false;
};

/// Label values, in the order of Metric::labels. Few distinct values each: never an id or a name.
using LabelValues = std::initializer_list<std::string_view>;

/// Thread-safe; cheap; never fails.
class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual void add(const Metric& counter, double amount, LabelValues labels = {}) = 0;
  virtual void set(const Metric& gauge, double value, LabelValues labels = {}) = 0;
  /// Takes a gauge without labels away until it is set again; not while another thread sets it.
  virtual void clear(const Metric& gauge) = 0;
  virtual void observe(const Metric& histogram, double value, LabelValues labels = {}) = 0;
};

namespace metric {

inline constexpr double kSecondsBuckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                             0.5,   1,      2.5,   5,    10,    30,   60,  300};

constexpr Metric system_gauge(std::string_view name, std::string_view help) {
  return {.name = name, .kind = MetricKind::gauge, .help = help, .system_wide = true};
}

inline constexpr Metric kUploads{
    "thumbmill_uploads_total", MetricKind::counter,
    "Uploads by outcome: accepted, known, rate_limited, or an error code.", "outcome"};
inline constexpr Metric kUploadBytes{"thumbmill_upload_bytes_total", MetricKind::counter,
                                     "Bytes of accepted uploads."};
inline constexpr Metric kUploadSeconds{"thumbmill_upload_duration_seconds",
                                       MetricKind::histogram,
                                       "From the first body byte to the answer.",
                                       {},
                                       kSecondsBuckets};
inline constexpr Metric kUploadsUnqueued{
    "thumbmill_uploads_unqueued_total", MetricKind::counter,
    "Uploads accepted although the enqueue failed; they are queued later."};
inline constexpr Metric kUploadsAwaitingQueue{
    "thumbmill_uploads_awaiting_queue", MetricKind::gauge,
    "Uploads of this process that the queue has not taken yet."};
inline constexpr Metric kJobs{"thumbmill_jobs_total", MetricKind::counter,
                              "Jobs ended or put off, by outcome (done, failed, retried, "
                              "handed_back, lease_lost, original_missing) and error code.",
                              "outcome,code"};
inline constexpr Metric kJobSeconds{"thumbmill_job_duration_seconds", MetricKind::histogram,
                                    "Time of a job by stage: queue, fetch, decode, store, total.",
                                    "stage", kSecondsBuckets};
inline constexpr Metric kJobEndToEndSeconds{"thumbmill_job_end_to_end_seconds",
                                            MetricKind::histogram,
                                            "From accepting an upload to its result.",
                                            {},
                                            kSecondsBuckets};
inline constexpr Metric kQueueReady =
    system_gauge("thumbmill_queue_ready", "Jobs waiting for a worker.");
inline constexpr Metric kQueueRunning =
    system_gauge("thumbmill_queue_running", "Jobs under a lease.");
inline constexpr Metric kQueueDelayed =
    system_gauge("thumbmill_queue_delayed", "Jobs waiting for a retry delay.");
inline constexpr Metric kQueueDead = system_gauge("thumbmill_queue_dead", "Dead letters.");
inline constexpr Metric kQueueBacklog =
    system_gauge("thumbmill_queue_backlog",
                 "Ready and running jobs, and uploads that the queue has not taken: what to scale "
                 "workers on.");
inline constexpr Metric kQueueOldestAge =
    system_gauge("thumbmill_queue_oldest_age_seconds", "Age of the oldest ready job.");
inline constexpr Metric kWorkersDesired =
    system_gauge("thumbmill_workers_desired",
                 "Worker processes that keep up and work the backlog off in the drain target.");
inline constexpr Metric kRedeliveries{"thumbmill_redeliveries_total", MetricKind::counter,
                                      "Jobs delivered more than once."};
inline constexpr Metric kWorkerConcurrency{"thumbmill_worker_concurrency", MetricKind::gauge,
                                           "Jobs that this process decodes at once."};
inline constexpr Metric kWorkerBusy{"thumbmill_worker_busy", MetricKind::gauge,
                                    "Jobs that are being decoded."};
inline constexpr Metric kDecoderRestarts{"thumbmill_decoder_restarts_total", MetricKind::counter,
                                         "Decoder processes started to replace another, by reason: "
                                         "crashed, timed_out, cancelled, failed, recycled (after "
                                         "decoder-images, or much CPU time), single_use, protocol "
                                         "(an answer or work that cannot be).",
                                         "reason"};
inline constexpr Metric kDecoderCrashes{"thumbmill_decoder_crashes_total", MetricKind::counter,
                                        "Decoder processes that died on an image."};
inline constexpr Metric kDecoderRss{"thumbmill_decoder_rss_bytes", MetricKind::gauge,
                                    "Resident memory of the decoder processes that images "
                                    "share."};
inline constexpr Metric kDecoderAdmitted{
    "thumbmill_decoder_admitted_bytes", MetricKind::gauge,
    "Memory that the images being decoded are expected to take, of decoder-memory-budget."};
inline constexpr Metric kStoreRequests{"thumbmill_store_requests_total", MetricKind::counter,
                                       "Object store calls by operation and code.", "op,code"};
inline constexpr Metric kStoreRetries{"thumbmill_store_retries_total", MetricKind::counter,
                                      "Object store requests tried again."};
inline constexpr Metric kDependencyUp{"thumbmill_dependency_up", MetricKind::gauge,
                                      "1 while the store or the queue can be used, else 0.",
                                      "dependency"};
inline constexpr Metric kStoreBreakerOpen{
    "thumbmill_store_breaker_open", MetricKind::gauge,
    "1 while leasing is paused because the store cannot be used."};
inline constexpr Metric kSweepRequeued{"thumbmill_sweep_requeued_total", MetricKind::counter,
                                       "Unfinished uploads that the sweep queued again."};
inline constexpr Metric kSweepSeconds{"thumbmill_sweep_duration_seconds",
                                      MetricKind::histogram,
                                      "Time of one sweep.",
                                      {},
                                      kSecondsBuckets};
inline constexpr Metric kForeignRecords{
    "thumbmill_foreign_records_total", MetricKind::counter,
    "Foreign records ignored, by source: queue, events, celery, store.", "source"};
inline constexpr Metric kHttpRequests{"thumbmill_http_requests_total", MetricKind::counter,
                                      "HTTP requests by route, method and status.",
                                      "route,method,status"};
inline constexpr Metric kHttpSeconds{
    "thumbmill_http_request_duration_seconds", MetricKind::histogram,
    "From the request's head to the end of the answer.", "route", kSecondsBuckets};
inline constexpr Metric kHttpConnections{"thumbmill_http_connections", MetricKind::gauge,
                                         "Open HTTP connections."};
inline constexpr Metric kHttpRejected{"thumbmill_http_rejected_total", MetricKind::counter,
                                      "Requests refused before a route saw them, by reason.",
                                      "reason"};
inline constexpr Metric kBuildInfo{"thumbmill_build_info", MetricKind::gauge,
                                   "Always 1; the version is in the label.", "version"};

/// All of the above, for adapters that declare metrics up front and for the documentation.
inline constexpr const Metric* kAll[] = {
    &kUploads,         &kUploadBytes,          &kUploadSeconds,
    &kUploadsUnqueued, &kUploadsAwaitingQueue, &kJobs,
    &kJobSeconds,      &kJobEndToEndSeconds,   &kQueueReady,
    &kQueueRunning,    &kQueueDelayed,         &kQueueDead,
    &kQueueBacklog,    &kQueueOldestAge,       &kWorkersDesired,
    &kRedeliveries,    &kWorkerConcurrency,    &kWorkerBusy,
    &kDecoderRestarts, &kDecoderCrashes,       &kDecoderRss,
    &kDecoderAdmitted, &kStoreRequests,        &kStoreRetries,
    &kDependencyUp,    &kStoreBreakerOpen,     &kSweepRequeued,
    &kSweepSeconds,    &kForeignRecords,       &kHttpRequests,
    &kHttpSeconds,     &kHttpConnections,      &kHttpRejected,
    &kBuildInfo};

}  // namespace metric
}  // namespace thumbmill
