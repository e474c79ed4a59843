// Settings: every setting's value, typed. Names, defaults, ranges and texts are in the option
// table, which is also what parses and prints them; a default is written there and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "model/format_set.h"
#include "model/rendition.h"

namespace thumbmill {

/// An address to listen on.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  ///< 0: any free one
};

/// Who sends renditions: we do, or the store, to which clients are redirected.
enum class Delivery { proxy, redirect };

/// The encryption that is asked of S3.
enum class S3Sse { bucket, s3, kms };

enum class LogStyle { automatic, json, text };

/// Whether decoders are confined.
enum class Sandbox { on, off };

struct Settings {
  // Where
  ListenAddress listen;
  ListenAddress admin_listen;
  std::string store;
  std::string queue;
  std::string spool;                     ///< a directory; empty: the system's for temporary files
  std::uint64_t disk_reserve_bytes = 0;  ///< 0: none

  // S3
  std::string s3_endpoint;
  std::string s3_region;
  bool s3_path_style = false;
  S3Sse s3_sse = S3Sse::bucket;
  std::string s3_kms_key;
  std::chrono::milliseconds s3_first_byte_time{};
  Delivery deliver = Delivery::proxy;
  std::chrono::milliseconds presign_time{};

  // Renditions
  std::vector<std::string> default_renditions;
  bool named_renditions_only = false;
  bool keep_originals = false;

  // Work
  std::uint64_t workers = 0;  ///< 0: one a core
  std::chrono::milliseconds lease{};
  std::chrono::milliseconds lease_renewal{};
  std::chrono::milliseconds lease_patience{};
  std::chrono::milliseconds retry_base{};
  std::chrono::milliseconds retry_cap{};
  std::uint64_t max_attempts = 0;
  std::uint64_t max_decoder_crashes = 0;
  std::chrono::milliseconds give_up_after{};
  std::chrono::milliseconds drain{};
  std::chrono::milliseconds dependency_patience{0};
  std::chrono::milliseconds drain_target{};

  // Limits of an image
  FormatSet formats;
  std::uint64_t max_body_bytes = 0;
  std::uint64_t max_form_bytes = 0;
  std::uint64_t max_pixels = 0;
  std::uint64_t max_side_px = 0;
  std::uint64_t max_pages = 0;
  std::uint64_t max_scans = 0;
  std::uint64_t max_rendition_pixels = 0;
  std::uint64_t decoder_memory_bytes = 0;
  std::chrono::milliseconds decoder_cpu_time{};
  std::chrono::milliseconds decoder_wall_time{};
  std::uint64_t decoder_images = 0;
  std::uint64_t decoder_memory_budget_bytes = 0;  ///< 0: half of what there is
  Sandbox sandbox = Sandbox::on;

  // Janitor
  std::chrono::milliseconds sweep_interval{};
  std::chrono::milliseconds sweep_age{};
  std::chrono::milliseconds unfinished_age{};
  std::chrono::milliseconds dead_letter_age{};
  std::chrono::milliseconds result_age{};

  // Access
  std::string api_keys_file;  ///< empty: no keys are asked for
  std::chrono::milliseconds url_time{};
  std::uint64_t rate_limit = 0;          ///< 0: none
  std::uint64_t rate_burst = 0;          ///< 0: ten seconds' worth
  std::uint64_t upload_rate_bytes = 0;   ///< a second; 0: any
  std::uint64_t upload_burst_bytes = 0;  ///< 0: ten seconds' worth, and at least the largest upload
  std::string cors_origins;
  std::string allowed_hosts;

  // HTTP edge
  std::uint64_t request_line_bytes = 0;
  std::uint64_t header_bytes = 0;
  std::uint64_t header_count = 0;
  std::chrono::milliseconds header_time{};
  std::chrono::milliseconds idle_time{};
  std::chrono::milliseconds body_time{};
  std::chrono::milliseconds body_grace{};
  std::uint64_t body_rate_bytes = 0;
  std::uint64_t answer_rate_bytes = 0;
  std::uint64_t connections = 0;
  std::uint64_t connections_per_address = 0;  ///< 0: any
  std::uint64_t event_streams = 0;
  std::uint64_t event_streams_per_client = 0;  ///< 0: any
  AddressSet exempt_addresses;
  std::uint64_t io_threads = 0;
  std::uint64_t request_threads = 0;

  // Logs
  LogLevel log_level = LogLevel::info;
  LogStyle log_format = LogStyle::automatic;

  /// Named renditions; "thumb" is always there. Only in the file: [renditions.<name>].
  std::map<std::string, RenditionSpec> renditions;
};

}  // namespace thumbmill
