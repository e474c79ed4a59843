// What an S3 store is opened with. Values only; docs/s3.md says what each is for.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace thumbmill {

/// Who encrypts what is stored, and with which key.
enum class S3Encryption {
  bucket_default,  ///< as the bucket is set up; nothing is asked for
  sse_s3,          ///< AES-256 with keys of S3's
  sse_kms,         ///< with a key of KMS: S3Options::kms_key_id, or the account's own for S3
};

struct S3Options {
  std::string bucket = {};
  std::string prefix = {};    ///< of all keys, without '/' at its ends; empty: the whole bucket
  std::string region = {};    ///< empty: AWS_REGION, AWS_DEFAULT_REGION or the profile's
  std::string endpoint = {};  ///< "http(s)://host[:port][/path]"; empty: AWS_ENDPOINT_URL_S3,
                              ///< AWS_ENDPOINT_URL, or AWS in the region
  bool path_style = false;    ///< the bucket in the path instead of the host name
  S3Encryption encryption = S3Encryption::bucket_default;
  std::string kms_key_id = {};  ///< for sse_kms

  std::chrono::milliseconds connect_time{2'000};
  std::chrono::milliseconds first_byte_time{5'000};  ///< from the request's end to the answer
  std::chrono::seconds stalled_time{10};             ///< at less than 1 KiB/s
  std::chrono::milliseconds put_time{60'000};        ///< one attempt of a put

  std::string ca_bundle = {};  ///< a PEM file of authorities to trust; empty: AWS_CA_BUNDLE, or the
                               ///< system's

  /// Whether jobs are kept in the bucket: then check() tries what these need as well, conditional
  /// puts and removal below uploads/.
  bool keeps_jobs = true;

  /// Where objects over 1 MiB are kept while they are read; empty: the system's directory for
  /// temporary files.
  std::string spool_directory = {};

  /// The environment's variables; unset: the process's own.
  std::function<std::optional<std::string>(const std::string& name)> environment = {};
};

/// Options with bucket and prefix of "s3://bucket" or "s3://bucket/prefix". invalid_argument for
/// anything else.
Result<S3Options> parse_s3_url(std::string_view url);

/// invalid_argument, naming the option, unless bucket, prefix and encryption are as they should be.
Status check_s3_options(const S3Options& options);

}  // namespace thumbmill
