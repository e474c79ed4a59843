#include "app/option_table.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "app/option_makers.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

using namespace std::chrono_literals;

constexpr milliseconds kLong = std::chrono::hours(24 * 3650);
constexpr std::uint64_t kGiB = 1ull << 30;

std::vector<Option> place_options() {
  return {
      listen_option(
          "listen", &Settings::listen, "127.0.0.1:8080",
          "Where the API and the page are served; PORT in the environment sets the port."),
      listen_option("admin-listen", &Settings::admin_listen, "127.0.0.1:8081",
                    "Where /metrics, /healthz, /readyz and /version are served."),
      address_option("store", &Settings::store, "./thumbmill-data",
                     "a directory, made when missing, or s3://BUCKET[/PREFIX]",
                     "Where originals, renditions and results are kept."),
      address_option("queue", &Settings::queue, "sqlite:",
                     "sqlite:FILE (sqlite: alone is queue/queue.db in the store), "
                     "redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss://..., redis+unix://..., "
                     "redis+sentinel://HOST,.../MASTER, "
                     "kafka://[USER:PASSWORD@]HOST[:PORT],...[?NAME=VALUE&...]; of a worker also "
                     "celery+redis://HOST/DB?task=NAME",
                     "The job queue."),
      text_option("spool", &Settings::spool, "", "a directory; empty: TMPDIR, or /tmp",
                  "Where uploads wait for a store that is not a directory."),
      size_option(
          "disk-reserve", &Settings::disk_reserve_bytes, "256MiB", 0, 1024 * kGiB,
          "What uploads leave free where they are stored or spooled, at most a twentieth of "
          "the file system: it is for the results of what was accepted and for the queue. "
          "Uploads that would take of it are refused with 507; 0: none."),
  };
}

std::vector<Option> s3_options() {
  static constexpr std::array<std::pair<std::string_view, S3Sse>, 3> kEncryptions{
      {{"bucket", S3Sse::bucket}, {"s3", S3Sse::s3}, {"kms", S3Sse::kms}}};
  static constexpr std::array<std::pair<std::string_view, Delivery>, 2> kDeliveries{
      {{"proxy", Delivery::proxy}, {"redirect", Delivery::redirect}}};
  return {
      address_option("s3-endpoint", &Settings::s3_endpoint, "",
                     "http(s)://HOST[:PORT]; empty: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS",
                     "The server, when it is not AWS."),
      text_option("s3-region", &Settings::s3_region, "",
                  "a region; empty: AWS_REGION, AWS_DEFAULT_REGION or the profile's",
                  "The bucket's region."),
      switch_option("s3-path-style", &Settings::s3_path_style,
                    "Name the bucket in the path, as most compatible servers want."),
      choice_option("s3-sse", &Settings::s3_sse, "bucket", kEncryptions,
                    "Encryption to ask for: the bucket's own default, SSE-S3 or SSE-KMS."),
      text_option("s3-kms-key", &Settings::s3_kms_key, "", "id or ARN; empty: the account's for S3",
                  "The key of s3-sse=kms."),
      duration_option("s3-first-byte-time", &Settings::s3_first_byte_time, "5s", 100ms, 10min,
                      "How long the server may take to begin its answer once it has a request; "
                      "it is asked three times."),
      choice_option("deliver", &Settings::deliver, "proxy", kDeliveries,
                    "How renditions reach clients: sent by us, or by a redirect to the store, for "
                    "which it must be S3."),
      duration_option("presign-time", &Settings::presign_time, "15m", 1s, 7 * 24h,
                      "How long a redirect, or the address of a direct upload, is good."),
  };
}

std::vector<Option> rendition_options() {
  return {names_option("default-renditions", &Settings::default_renditions, "thumb",
                       "Renditions made when an upload asks for none."),
          switch_option("named-renditions-only", &Settings::named_renditions_only,
                        "Uploads ask for renditions by name only: size, fit, format, quality, "
                        "background and enlarge are refused."),
          switch_option("keep-originals", &Settings::keep_originals,
                        "Keep each original after its job instead of removing it.")};
}

std::vector<Option> work_options() {
  return {
      count_option("workers", &Settings::workers, 0, 0, 1024,
                   "Jobs decoded at once, each in a process of its own; 0: one a core."),
      duration_option("lease", &Settings::lease, "30s", 1s, 1h,
                      "How long a job belongs to a worker that shows no sign of life."),
      duration_option("lease-renewal", &Settings::lease_renewal, "10s", 100ms, 1h,
                      "How often a worker renews its leases."),
      duration_option("lease-patience", &Settings::lease_patience, "20s", 500ms, 1h,
                      "Without a renewal for this long, a worker drops the job."),
      duration_option("retry-base", &Settings::retry_base, "2s", 1ms, 1h,
                      "Bound of the first retry's random delay; doubles each time."),
      duration_option("retry-cap", &Settings::retry_cap, "5m", 1ms, 24h,
                      "Greatest bound of a retry's random delay."),
      count_option("max-attempts", &Settings::max_attempts, 5, 1, 100,
                   "Tries of a job that fails for no known reason."),
      count_option(
          "max-decoder-crashes", &Settings::max_decoder_crashes, 2, 1, 100,
          "Tries of an image on which the decoder dies or hangs; one that hangs is tried at most "
          "twice."),
      duration_option("give-up-after", &Settings::give_up_after, "1d", 1min, kLong,
                      "A job older than this fails when store or queue fail it."),
      duration_option("dependency-patience", &Settings::dependency_patience, "1500ms", 100ms, 1min,
                      "How long the store or the queue may take to answer a check, and Redis to "
                      "answer anything, before it counts as away; requests that need it are "
                      "answered without it then."),
      duration_option("drain-target", &Settings::drain_target, "1m", 1s, 24h,
                      "In what time the workers that thumbmill_workers_desired asks for would work "
                      "a backlog off."),
      duration_option("drain", &Settings::drain, "25s", 0ms, 1h,
                      "How long running requests and jobs may take to finish on SIGTERM."),
  };
}

std::vector<Option> limit_options() {
  static constexpr std::array<std::pair<std::string_view, Sandbox>, 2> kSandboxes{
      {{"on", Sandbox::on}, {"off", Sandbox::off}}};
  return {
      formats_option("formats", &Settings::formats, FormatSet().to_string(),
                     "Image formats that are taken; others are refused with 415."),
      size_option("max-body", &Settings::max_body_bytes, "50MiB", 1, 4 * kGiB, "Largest upload."),
      size_option("max-form", &Settings::max_form_bytes, "256MiB", 1, 64 * kGiB,
                  "All files of one form together."),
      count_option("max-pixels", &Settings::max_pixels, 100'000'000, 1, 4'000'000'000,
                   "Most pixels (width x height) of an image, read from its header."),
      count_option("max-side", &Settings::max_side_px, 30'000, 1, 1'000'000,
                   "Longest side of an image in pixels."),
      count_option("max-pages", &Settings::max_pages, 100, 1, 100'000, "Most pages of a TIFF."),
      count_option("max-scans", &Settings::max_scans, 100, 1, 100'000,
                   "Most scans of a progressive JPEG."),
      count_option("max-rendition-pixels", &Settings::max_rendition_pixels, 4096 * 4096, 200 * 200,
                   std::uint64_t{kMaxRenditionSide} * kMaxRenditionSide,
                   "Most pixels (width x height) that a rendition may have; all of one image may "
                   "have twice as many together."),
      size_option("decoder-memory", &Settings::decoder_memory_bytes, "1536MiB", 64 << 20, 64 * kGiB,
                  "Address space of one decoder process."),
      duration_option("decoder-cpu-time", &Settings::decoder_cpu_time, "10s", 1s, 1h,
                      "CPU time that one image may take in a process; 0.3 s more for each "
                      "megapixel of its renditions' boxes."),
      duration_option(
          "decoder-wall-time", &Settings::decoder_wall_time, "15s", 1s, 1h,
          "Time that one image may take; 0.3 s more for each megapixel of its renditions' boxes."),
      count_option("decoder-images", &Settings::decoder_images, 32, 1, 1'000'000,
                   "Images of formats with decoders of our own after which a decoder process is "
                   "replaced by a new "
                   "one; other formats have a process for each image."),
      size_option("decoder-memory-budget", &Settings::decoder_memory_budget_bytes, "0", 0,
                  1024 * kGiB,
                  "What all images being decoded may take together, by their headers: others wait, "
                  "and one that takes more is refused; 0: half of the container's or machine's "
                  "memory."),
      choice_option("sandbox", &Settings::sandbox, "on", kSandboxes,
                    "Whether decoders are confined so that they can compute and nothing else: "
                    "docs/sandbox.md. With on, a process whose sandbox does not hold does not "
                    "start."),
  };
}

std::vector<Option> janitor_options() {
  return {
      duration_option("sweep-interval", &Settings::sweep_interval, "1m", 100ms, 24h,
                      "How often unfinished uploads are compared with the queue."),
      duration_option("sweep-age", &Settings::sweep_age, "2m", 0ms, 24h,
                      "Age from which an upload that is not queued is queued again."),
      duration_option("unfinished-age", &Settings::unfinished_age, "1d", 1h, kLong,
                      "Age at which temporary files and idempotency keys are removed."),
      duration_option("dead-letter-age", &Settings::dead_letter_age, "14d", 0ms, kLong,
                      "Age at which the original of a failed job is removed; 0: never."),
      duration_option("result-age", &Settings::result_age, "0", 0ms, kLong,
                      "Age at which results and renditions are removed; 0: never."),
  };
}

std::vector<Option> http_options() {
  return {
      size_option("max-request-line", &Settings::request_line_bytes, "8KiB", 256, 1 << 20,
                  "Longest request line."),
      size_option("max-header", &Settings::header_bytes, "16KiB", 1024, 1 << 20,
                  "All header fields of a request together."),
      count_option("max-header-count", &Settings::header_count, 100, 1, 10'000,
                   "Header fields of a request."),
      duration_option(
          "header-time", &Settings::header_time, "5s", 100ms, 1h,
          "Within which a request's header must have come, of a new connection from its "
          "beginning."),
      duration_option("idle-time", &Settings::idle_time, "15s", 100ms, 1h,
                      "After which a connection without a further request is closed."),
      duration_option("body-time", &Settings::body_time, "2m", 1s, 24h,
                      "Within which a body must have come."),
      duration_option("body-grace", &Settings::body_grace, "9s", 0ms, 1h,
                      "After which a body must come at body-rate."),
      size_option("body-rate", &Settings::body_rate_bytes, "10KiB", 0, kGiB,
                  "Least bytes a second of a body, on average."),
      size_option("answer-rate", &Settings::answer_rate_bytes, "10KiB", 0, kGiB,
                  "Least bytes a second at which a client must take its answers, on average once "
                  "idle-time has passed; 0: any."),
      count_option("max-connections", &Settings::connections, 4096, 1, 1'000'000,
                   "Connections open at once; further ones get a 503."),
      count_option(
          "max-connections-per-address", &Settings::connections_per_address, 512, 0, 1'000'000,
          "Of them, of one address (of IPv6, its /64), and at most half of all; further ones "
          "get a 429. 0: any."),
      count_option("max-event-streams", &Settings::event_streams, 1024, 0, 1'000'000,
                   "Event streams open at once; further ones get a 503."),
      count_option("max-event-streams-per-client", &Settings::event_streams_per_client, 128, 0,
                   1'000'000,
                   "Of them, of one key, or of one address without a key; further ones get a 429. "
                   "0: any."),
      addresses_option("exempt-addresses", &Settings::exempt_addresses,
                       "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1,fc00::/7",
                       "Addresses that stand for many clients, as those of proxies do: "
                       "max-connections-per-address and max-event-streams-per-client are not for "
                       "them."),
      count_option("io-threads", &Settings::io_threads, 2, 1, 256, "Threads that move bytes."),
      count_option("request-threads", &Settings::request_threads, 32, 1, 4096,
                   "Threads that answer requests which read, and as many for those that change."),
  };
}

std::vector<Option> access_options() {
  return {
      text_option("api-keys-file", &Settings::api_keys_file, "",
                  "a file that `thumbmill keys` makes; empty: no keys",
                  "Who may use the API: without it everybody who can reach it. Read again when it "
                  "changes."),
      duration_option("url-time", &Settings::url_time, "1h", 10s, 30 * 24h,
                      "How long the signed address of a rendition is good, at least."),
      count_option("rate-limit", &Settings::rate_limit, 0, 0, 1'000'000,
                   "Requests a second of one key, or of one address without a key; each further "
                   "file of a form counts as one; 0: any."),
      count_option("rate-burst", &Settings::rate_burst, 0, 0, 10'000'000,
                   "Requests and files at once after a rest; 0: what ten seconds allow."),
      size_option("upload-rate", &Settings::upload_rate_bytes, "0", 0, 1'000'000'000,
                  "Bytes of bodies a second of one key, or of one address without a key; 0: any."),
      size_option("upload-burst", &Settings::upload_burst_bytes, "0", 0, 1024 * kGiB,
                  "Bytes at once after a rest, at least max-body and max-form; 0: what ten seconds "
                  "allow, or those if they are more."),
      text_option("cors-origins", &Settings::cors_origins, "",
                  "*, or origins such as https://app.example.com separated by commas; empty: none",
                  "Other sites whose pages may use the API in a browser."),
      text_option("allowed-hosts", &Settings::allowed_hosts, "",
                  "host names without port, such as photos.example.com, *.example.com for all "
                  "names below it, or * for all, separated by commas; empty: none",
                  "Host names by which the service may be reached, beside localhost and IP "
                  "addresses. Checked at admin-listen, and at listen where there are no API keys."),
  };
}

std::vector<Option> log_options() {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
      {{"debug", LogLevel::debug},
       {"info", LogLevel::info},
       {"warning", LogLevel::warning},
       {"error", LogLevel::error}}};
  static constexpr std::array<std::pair<std::string_view, LogStyle>, 3> kStyles{
      {{"auto", LogStyle::automatic}, {"json", LogStyle::json}, {"text", LogStyle::text}}};
  return {choice_option("log-level", &Settings::log_level, "info", kLevels,
                        "Least level that is logged."),
          choice_option("log-format", &Settings::log_format, "auto", kStyles,
                        "One JSON object a line, or plain text; auto: text on a terminal.")};
}

}  // namespace

std::string Option::environment_name() const {
  std::string text = "THUMBMILL_";
  for (const char c : name) {
    text.push_back(c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
  }
  return text;
}

std::vector<Option> option_table() {
  std::vector<Option> table;
  const auto add = [&](std::string_view group, std::vector<Option> options) {
    for (Option& option : options) {
      option.group = group;
      table.push_back(std::move(option));
    }
  };
  add("Where", place_options());
  add("S3", s3_options());
  add("Renditions", rendition_options());
  add("Work", work_options());
  add("Limits", limit_options());
  add("Janitor", janitor_options());
  add("Access", access_options());
  add("HTTP", http_options());
  add("Logs", log_options());
  return table;
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bare_port = colon == std::string_view::npos;
  const std::string_view port_text = bare_port ? text : text.substr(colon + 1);
  std::string_view host = bare_port ? std::string_view() : text.substr(0, colon);
  if (host.starts_with('[') != host.ends_with(']')) return std::nullopt;
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address needs its brackets
  }
  ListenAddress address{host.empty() ? "0.0.0.0" : std::string(host), 0};
  const char* last = port_text.data() + port_text.size();
  const auto [end, error] = std::from_chars(port_text.data(), last, address.port);
  if (error != std::errc() || end != last) return std::nullopt;
  return address;
}

std::string format_listen_address(const ListenAddress& address) {
  if (address.host.find(':') != std::string::npos) {
    return fmt::format("[{}]:{}", address.host, address.port);
  }
  return fmt::format("{}:{}", address.host, address.port);
}

}  // namespace thumbmill
