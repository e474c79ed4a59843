#include "app/part_options.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <unistd.h>

#include "app/decoders.h"

namespace thumbmill {
namespace {

constexpr std::size_t kAdminConnections = 128;

std::chrono::hours whole_hours(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::hours>(duration);
}

}  // namespace

UploadSettings upload_settings(const Settings& settings, const ObjectStore& store,
                               SpoolPlaces& spool_places, const DiskReserve& disk_reserve) {
  UploadSettings upload;
  upload.limits.spool_places = &spool_places;
  upload.limits.disk_reserve = &disk_reserve;
  upload.limits.max_file_bytes = settings.max_body_bytes;
  upload.limits.max_request_bytes = settings.max_form_bytes;
  upload.defaults.presets = settings.renditions;
  upload.defaults.renditions = settings.default_renditions;
  upload.defaults.named_only = settings.named_renditions_only;
  upload.defaults.keep_original = settings.keep_originals;
  upload.defaults.max_rendition_pixels = settings.max_rendition_pixels;
  // Beside the store where it wants that, else where the settings or the system say.
  std::string elsewhere =
      settings.spool.empty() ? std::filesystem::temp_directory_path().string() : settings.spool;
  upload.spool_directory = [&store, elsewhere = std::move(elsewhere)] {
    std::string directory = store.spool_directory();
    return directory.empty() ? elsewhere : directory;
  };
  return upload;
}

ClientLimits client_limits(const Settings& settings) {
  ClientLimits limits;
  limits.requests = {settings.rate_limit, settings.rate_burst};
  limits.bytes = {settings.upload_rate_bytes, settings.upload_burst_bytes};
  if (limits.bytes.burst == 0) {
    limits.bytes.burst =
        std::max({limits.bytes.capacity(), settings.max_body_bytes, settings.max_form_bytes});
  }
  return limits;
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
  options.limits.answer_rate_bytes = settings.answer_rate_bytes;
  options.limits.connections = settings.connections;
  options.limits.connections_per_address = settings.connections_per_address;
  options.limits.exempt_addresses = settings.exempt_addresses;
  return options;
}

StreamLimits stream_limits(const Settings& settings) {
  return {settings.event_streams, settings.event_streams_per_client, settings.exempt_addresses};
}

HttpServerOptions admin_options(const Settings& settings) {
  HttpServerOptions options = server_options(settings, settings.admin_listen);
  options.io_threads = 1;
  options.pool_threads = 2;
  options.limits.connections = kAdminConnections;
  options.limits.connections_per_address = 0;
  return options;
}

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
  options.formats = settings.formats;
  for (const std::string& name : settings.default_renditions) {
    options.task_renditions.push_back(settings.renditions.at(name));
  }
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

bool is_open_to_others(const Settings& settings) {
  const std::string& host = settings.listen.host;
  const bool loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
  return !loopback && settings.api_keys_file.empty();
}

}  // namespace thumbmill
