#include "store/s3/s3_store.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/secret.h"
#include "model/object_key.h"
#include "store/s3/bucket_check.h"
#include "store/s3/curl_transport.h"
#include "store/s3/object_headers.h"
#include "store/s3/s3_client.h"
#include "store/s3/s3_xml.h"

namespace thumbmill {
namespace {

using s3::Outcome;
using s3::Parameters;
using s3::Request;

constexpr std::string_view kOwnPrefix = ".thumbmill-";
// The most that S3 takes in one request.
constexpr std::uint64_t kMostBytes = 5ull << 30;
// A page of 1000 keys of 1024 bytes each, escaped, with their times, etags and owners.
constexpr std::uint64_t kMostListBytes = 8 << 20;
constexpr std::uint64_t kMostAnswerBytes = 1 << 20;

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string find_region(const S3Options& options) {
  if (!options.region.empty()) return options.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = s3::variable(options.environment, name); !region.empty())
      return region;
  }
  return s3::profile_region(options.environment);
}

std::string find_endpoint(const S3Options& options) {
  if (!options.endpoint.empty()) return options.endpoint;
  const std::string url = s3::variable(options.environment, "AWS_ENDPOINT_URL_S3");
  return url.empty() ? s3::variable(options.environment, "AWS_ENDPOINT_URL") : url;
}

Parameters encryption_headers(const S3Options& options) {
  constexpr const char* kHeader = "x-amz-server-side-encryption";
  if (options.encryption == S3Encryption::bucket_default) return {};
  if (options.encryption == S3Encryption::sse_s3) return {{kHeader, "AES256"}};
  Parameters headers{{kHeader, "aws:kms"}};
  if (!options.kms_key_id.empty())
    headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", options.kms_key_id);
  return headers;
}

Status check_ttl(std::chrono::seconds ttl) {
  if (ttl >= std::chrono::seconds(1) && ttl <= S3Store::kMostPresignedTime) return Status();
  return Status(Code::invalid_argument, "a presigned request lives 1 second to 7 days");
}

Result<Sha256Digest> digest_of(const Blob& body) {
  ASSIGN_OR_RETURN(const BlobView view, body.view());
  return sha256(view.bytes());
}

}  // namespace

struct S3Store::Parts {
  Parts(S3Options its_options, const std::string& region, s3::Endpoint endpoint, Clock& its_clock,
        Random& its_random, Metrics& metrics, Logger& log)
      : options(std::move(its_options)),
        key_prefix(options.prefix.empty() ? "" : options.prefix + "/"),
        encryption(encryption_headers(options)),
        clock(its_clock),
        random(its_random),
        transport(clock, options.spool_directory, options.ca_bundle),
        credentials(s3::standard_sources(options.environment, region, transport), clock, log),
        client(std::move(endpoint), region, transport, credentials, clock, random, metrics, log) {
    times.connect = options.connect_time;
    times.first_byte = options.first_byte_time;
    times.stalled = options.stalled_time;
  }

  Request request(std::string method, std::string_view key) const {
    Request request{.method = std::move(method), .key = key_prefix + std::string(key)};
    request.times = times;
    request.most_bytes = kMostAnswerBytes;
    return request;
  }

  const S3Options options;
  const std::string key_prefix;
  const Parameters encryption;
  Clock& clock;
  Random& random;
  s3::HttpTimes times;
  s3::CurlTransport transport;
  s3::CredentialChain credentials;
  s3::Client client;
};

Result<std::unique_ptr<S3Store>> S3Store::open(S3Options options, Clock& clock, Random& random,
                                               Metrics& metrics, Logger& log) {
  RETURN_IF_ERROR(check_s3_options(options));
  if (!options.environment) options.environment = process_environment;
  if (options.spool_directory.empty())
    options.spool_directory = std::filesystem::temp_directory_path().string();
  if (options.ca_bundle.empty())
    options.ca_bundle = s3::variable(options.environment, "AWS_CA_BUNDLE");
  std::string region = find_region(options);
  const std::string url = find_endpoint(options);
  ASSIGN_OR_RETURN(s3::Endpoint endpoint,
                   s3::Endpoint::make(url, region, options.bucket, options.path_style));
  // Compatible servers mostly have one region, which they call by this name.
  if (region.empty()) region = "us-east-1";
  return std::unique_ptr<S3Store>(new S3Store(std::make_unique<Parts>(
      std::move(options), region, std::move(endpoint), clock, random, metrics, log)));
}

S3Store::S3Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
S3Store::~S3Store() = default;

Status S3Store::check_key(std::string_view key, const OpContext& context) const {
  RETURN_IF_ERROR(context.check(parts_->clock));
  if (!is_object_key(key))
    return Status(Code::invalid_argument, "this is no object key", std::string(key.substr(0, 100)));
  if (key.starts_with(kOwnPrefix)) {
    return Status(Code::invalid_argument, "the store keeps its own objects there",
                  std::string(key));
  }
  return Status();
}

Status S3Store::put(std::string_view key, const Blob& body, const PutOptions& options,
                    const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  RETURN_IF_ERROR(options.check());
  if (body.size() > kMostBytes)
    return Status(Code::too_large, "the object is too large for the store; allowed: 5 GiB");
  Request request = parts_->request("PUT", key);
  ASSIGN_OR_RETURN(request.headers, s3::object_headers(options));
  request.headers.insert(request.headers.end(), parts_->encryption.begin(),
                         parts_->encryption.end());
  ASSIGN_OR_RETURN(const Sha256Digest digest, digest_of(body));
  request.headers.emplace_back("x-amz-checksum-sha256", to_base64(digest));
  request.body = &body;
  request.body_hash = to_hex(digest);
  request.times.whole = parts_->options.put_time;
  std::string token;
  if (options.if_absent) {
    token = new_secret_hex(8);
    request.headers.emplace_back("if-none-match", "*");
    request.headers.emplace_back(s3::kPutTokenHeader, token);
  }
  const Outcome outcome = parts_->client.send(request, context);
  Status status = outcome.answer.status();
  if (status.code() != Code::conflict || !options.if_absent || !outcome.uncertain) return status;
  // An attempt whose answer was lost may be what the next one ran into.
  ASSIGN_OR_RETURN(const bool ours, is_of_put(key, token, context));
  return ours ? Status() : status;
}

Result<bool> S3Store::is_of_put(std::string_view key, std::string_view token,
                                const OpContext& context) {
  const Outcome outcome = parts_->client.send(parts_->request("HEAD", key), context);
  if (outcome.answer.status().code() == Code::not_found) return false;  // removed since
  RETURN_IF_ERROR(outcome.answer.status());
  return outcome.answer->header(s3::kPutTokenHeader) == token;
}

Result<Object> S3Store::get(std::string_view key, std::uint64_t most_bytes,
                            const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  Request request = parts_->request("GET", key);
  request.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
  // A refusal is an answer, too.
  request.most_bytes = std::clamp(most_bytes, kMostAnswerBytes, kMostBytes);
  Outcome outcome = parts_->client.send(request, context);
  if (outcome.answer.status().code() == Code::too_large) return too_many_bytes(key, most_bytes);
  RETURN_IF_ERROR(outcome.answer.status());
  if (outcome.answer->body.size() > most_bytes) return too_many_bytes(key, most_bytes);
  Object object;
  ASSIGN_OR_RETURN(object.info, s3::object_info(key, *outcome.answer));
  object.body = outcome.answer->body;
  const Status damaged(Code::unavailable, "the store cannot be reached",
                       fmt::format("{} came damaged from the store", key));
  if (object.body.size() != object.info.size_bytes) return damaged;
  // Objects of others may have a checksum of another kind, "<digest>-<parts>" among them.
  const auto checksum = outcome.answer->header("x-amz-checksum-sha256");
  if (checksum && checksum->find('-') == std::string_view::npos) {
    ASSIGN_OR_RETURN(const Sha256Digest digest, digest_of(object.body));
    if (to_base64(digest) != *checksum) return damaged;
  }
  return object;
}

Result<ObjectInfo> S3Store::head(std::string_view key, const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  return head_object(key, context);
}

Result<ObjectInfo> S3Store::head_object(std::string_view key, const OpContext& context) {
  const Outcome outcome = parts_->client.send(parts_->request("HEAD", key), context);
  RETURN_IF_ERROR(outcome.answer.status());
  return s3::object_info(key, *outcome.answer);
}

Status S3Store::remove(std::string_view key, const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  const Outcome outcome = parts_->client.send(parts_->request("DELETE", key), context);
  const Status status = outcome.answer.status();
  return status.code() == Code::not_found ? Status() : status;
}

Status S3Store::copy(std::string_view from, std::string_view to, const OpContext& context) {
  RETURN_IF_ERROR(check_key(from, context));
  RETURN_IF_ERROR(check_key(to, context));
  // S3 refuses to copy an object to itself.
  if (from == to) return head_object(from, context).status();
  const Blob nothing;
  Request request = parts_->request("PUT", to);
  request.body = &nothing;
  request.document_in_success = true;  // begun with a 200, and failing later
  request.times.whole = parts_->options.put_time;
  request.headers = parts_->encryption;
  request.headers.emplace_back("x-amz-copy-source",
                               s3::percent_encode_path("/" + parts_->options.bucket + "/" +
                                                       parts_->key_prefix + std::string(from)));
  return parts_->client.send(request, context).answer.status();
}

Result<std::vector<ListedObject>> S3Store::list(std::string_view prefix, std::string_view after,
                                                std::size_t limit, const OpContext& context) {
  RETURN_IF_ERROR(context.check(parts_->clock));
  if (!prefix.empty() &&
      (prefix.back() != '/' || !is_object_key(prefix.substr(0, prefix.size() - 1)))) {
    return Status(Code::invalid_argument, "a prefix is empty, or a key's components and '/'");
  }
  if (limit < 1 || limit > 1000)
    return Status(Code::invalid_argument, "a listing takes 1 to 1000 objects");
  Request request = parts_->request("GET", {});
  request.key.clear();
  request.most_bytes = kMostListBytes;
  std::vector<ListedObject> found;
  for (std::string token;;) {
    request.query = {{"list-type", "2"},
                     {"encoding-type", "url"},
                     {"max-keys", std::to_string(limit)},
                     {"prefix", parts_->key_prefix + std::string(prefix)}};
    if (!token.empty()) {
      request.query.emplace_back("continuation-token", token);
    } else if (!after.empty()) {
      request.query.emplace_back("start-after", parts_->key_prefix + std::string(after));
    }
    const Outcome outcome = parts_->client.send(request, context);
    RETURN_IF_ERROR(outcome.answer.status());
    ASSIGN_OR_RETURN(const std::string text, outcome.answer->body.to_string());
    ASSIGN_OR_RETURN(s3::ListPage page, s3::parse_list_page(text));
    for (ListedObject& object : page.objects) {
      if (!object.key.starts_with(parts_->key_prefix)) continue;
      object.key.erase(0, parts_->key_prefix.size());
      if (object.key.starts_with(kOwnPrefix)) continue;  // what this store keeps for itself
      found.push_back(std::move(object));
      if (found.size() == limit) return found;
    }
    if (page.next_token.empty()) return found;
    token = std::move(page.next_token);
  }
}

Status S3Store::check(const OpContext& context) {
  RETURN_IF_ERROR(context.check(parts_->clock));
  s3::CheckedBucket bucket{.name = parts_->options.bucket,
                           .key_prefix = parts_->key_prefix,
                           .encryption = parts_->encryption,
                           .times = parts_->times,
                           .keeps_jobs = parts_->options.keeps_jobs};
  bucket.times.whole = parts_->options.put_time;
  return s3::check_bucket(bucket, parts_->client, context);
}

Result<std::size_t> S3Store::remove_unfinished(WallTime, const OpContext& context) {
  RETURN_IF_ERROR(context.check(parts_->clock));
  return std::size_t{0};
}

Result<PresignedRequest> S3Store::presign_get(std::string_view key, std::chrono::seconds ttl,
                                              const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  RETURN_IF_ERROR(check_ttl(ttl));
  ASSIGN_OR_RETURN(
      std::string url,
      parts_->client.presign("GET", parts_->key_prefix + std::string(key), {}, ttl, context));
  return PresignedRequest{"GET", std::move(url), {}};
}

Result<PresignedRequest> S3Store::presign_put(std::string_view key, const PutOptions& options,
                                              std::optional<std::uint64_t> size_bytes,
                                              std::chrono::seconds ttl, const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  RETURN_IF_ERROR(options.check());
  RETURN_IF_ERROR(check_ttl(ttl));
  ASSIGN_OR_RETURN(Parameters headers, s3::object_headers(options));
  headers.insert(headers.end(), parts_->encryption.begin(), parts_->encryption.end());
  if (options.if_absent) headers.emplace_back("if-none-match", "*");
  if (size_bytes) headers.emplace_back("content-length", std::to_string(*size_bytes));
  ASSIGN_OR_RETURN(
      std::string url,
      parts_->client.presign("PUT", parts_->key_prefix + std::string(key), headers, ttl, context));
  return PresignedRequest{"PUT", std::move(url), std::move(headers)};
}

}  // namespace thumbmill
