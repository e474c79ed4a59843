#include "store/s3/s3_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/object_key.h"

namespace thumbmill {
namespace {

// Keys of S3 take 1024 bytes, of which ours may need 512.
constexpr std::size_t kMaxPrefixBytes = 500;

// "General purpose bucket naming rules" of the S3 User Guide, as far as they concern host names.
bool is_bucket_name(std::string_view name) {
  const auto is_edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 3 && name.size() <= 63 && is_edge(name.front()) && is_edge(name.back()) &&
         name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_edge(c) || c == '-' || c == '.'; });
}

// People write keys into URLs, where there are none.
std::string_view shown(std::string_view text) {
  return text.find_first_of(":@") == std::string_view::npos ? text : "***";
}

}  // namespace

Result<S3Options> parse_s3_url(std::string_view url) {
  constexpr std::string_view kScheme = "s3://";
  if (!url.starts_with(kScheme)) {
    return Status(Code::invalid_argument,
                  "this is no S3 address; allowed: s3://BUCKET or s3://BUCKET/PREFIX");
  }
  const std::string_view place = url.substr(kScheme.size());
  const std::size_t slash = std::min(place.find('/'), place.size());
  std::string_view prefix = place.substr(std::min(slash + 1, place.size()));
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  S3Options options{.bucket = std::string(place.substr(0, slash)), .prefix = std::string(prefix)};
  RETURN_IF_ERROR(check_s3_options(options));
  return options;
}

Status check_s3_options(const S3Options& options) {
  if (!is_bucket_name(options.bucket)) {
    return Status(Code::invalid_argument,
                  fmt::format("{} is no bucket name; allowed: 3 to 63 of a-z, 0-9, '-' and '.'",
                              shown(options.bucket)));
  }
  if (!options.prefix.empty() &&
      (!is_object_key(options.prefix) || options.prefix.size() > kMaxPrefixBytes)) {
    return Status(Code::invalid_argument,
                  fmt::format("{} is no prefix; allowed: components of a-z, A-Z, 0-9, '.', '_' and "
                              "'-' with '/' between them, {} bytes in all",
                              shown(options.prefix), kMaxPrefixBytes));
  }
  if (!options.kms_key_id.empty() && options.encryption != S3Encryption::sse_kms) {
    return Status(Code::invalid_argument, "a KMS key is given, but the encryption is not SSE-KMS");
  }
  return Status();
}

}  // namespace thumbmill
