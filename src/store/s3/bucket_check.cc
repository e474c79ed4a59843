#include "store/s3/bucket_check.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "model/object_key.h"
#include "store/s3/s3_xml.h"

namespace thumbmill::s3 {
namespace {

constexpr std::string_view kCheckName = ".thumbmill-check";
constexpr std::string_view kContent = "probe";
constexpr std::string_view kEncryptionHeader = "x-amz-server-side-encryption";
// "Bucket naming rules" of the S3 User Guide reserve it for aliases of access points, which lead to
// a bucket of another name.
constexpr std::string_view kAliasSuffix = "-s3alias";
constexpr std::uint64_t kMostAnswerBytes = 1 << 20;

Status wrong_bucket(std::string detail) {
  return Status(
      Code::unavailable,
      "another bucket answers than the one that is set, or none: check store, s3-endpoint "
      "and s3-path-style",
      std::move(detail));
}

Status no_conditional_puts(std::string detail) {
  return Status(Code::unavailable,
                "the store's server does not have conditional puts (If-None-Match: *), which jobs "
                "need; servers that have them: docs/s3.md, \"Compatible servers\"",
                std::move(detail));
}

class BucketCheck {
 public:
  BucketCheck(const CheckedBucket& bucket, Client& client, const OpContext& context)
      : bucket_(bucket), client_(client), context_(context) {}

  Status run() {
    RETURN_IF_ERROR(list());
    bool granted = false;
    RETURN_IF_ERROR(put(granted));
    if (granted && bucket_.keeps_jobs) RETURN_IF_ERROR(put_again());
    if (granted) RETURN_IF_ERROR(get());
    if (bucket_.keeps_jobs) RETURN_IF_ERROR(remove());
    if (missing_.empty()) return Status();
    return Status(
        Code::unavailable,
        fmt::format("rights on the store are missing: {}; docs/s3.md, \"Permissions\"", missing_),
        denials_);
  }

 private:
  Request request(std::string method, std::string_view key) const {
    return {.method = std::move(method),
            .key = bucket_.key_prefix + std::string(key),
            .times = bucket_.times,
            .most_bytes = kMostAnswerBytes};
  }

  Request put_request() const {
    const Sha256Digest digest = sha256(kContent);
    Request put = request("PUT", kCheckName);
    put.headers = bucket_.encryption;
    put.headers.emplace_back("content-type", "text/plain");
    put.headers.emplace_back("x-amz-checksum-sha256", to_base64(digest));
    put.body = &content_;
    put.body_hash = to_hex(digest);
    return put;
  }

  std::string_view asked_encryption() const {
    for (const auto& [name, value] : bucket_.encryption) {
      if (name == kEncryptionHeader) return value;
    }
    return {};
  }

  // With a key of KMS, S3 says the same when the right to use the key is missing.
  std::string right_to(std::string_view action) const {
    const std::string right = fmt::format("s3:{}", action);
    if (asked_encryption() != "aws:kms") return right;
    return right + (action == "PutObject" ? " or kms:GenerateDataKey" : " or kms:Decrypt");
  }

  // Notes a right that is missing and returns success, for the others are to be named with it.
  Status failure(const Outcome& outcome, std::string_view doing, std::string_view right) {
    const Status status = outcome.answer.status();
    if (outcome.refusal != Refusal::denied) return status.with_context(doing);
    missing_ += fmt::format("{}{}", missing_.empty() ? "" : ", ", right);
    denials_ += fmt::format("{}{}", denials_.empty() ? "" : "; ", status.detail());
    return Status();
  }

  Status list() {
    Request listing{.method = "GET",
                    .query = {{"list-type", "2"},
                              {"encoding-type", "url"},
                              {"max-keys", "1"},
                              {"prefix", bucket_.key_prefix}},
                    .times = bucket_.times,
                    .most_bytes = kMostAnswerBytes};
    const Outcome outcome = client_.send(listing, context_);
    if (!outcome.answer.ok()) return failure(outcome, "listing the bucket", "s3:ListBucket");
    ASSIGN_OR_RETURN(const std::string text, outcome.answer->body.to_string());
    const Result<ListPage> page = parse_list_page(text);
    if (!page.ok()) return wrong_bucket(page.status().detail());
    const bool same = page->bucket == bucket_.name || page->bucket.empty() ||
                      bucket_.name.ends_with(kAliasSuffix);
    if (same) return Status();
    return wrong_bucket(fmt::format("S3 lists {}, not {}", page->bucket, bucket_.name));
  }

  // `granted`: whether the right is there.
  Status put(bool& granted) {
    const Outcome outcome = client_.send(put_request(), context_);
    granted = outcome.refusal != Refusal::denied;
    if (!outcome.answer.ok())
      return failure(outcome, "writing to the store", right_to("PutObject"));
    const std::string_view asked = asked_encryption();
    const std::string_view given = outcome.answer->header(kEncryptionHeader).value_or("nothing");
    if (asked.empty() || given == asked) return Status();
    return Status(
        Code::unavailable,
        "the store does not encrypt as s3-sse asks: use a server that does, or leave s3-sse "
        "at bucket",
        fmt::format("S3 PUT of {}: {} asked for, {} confirmed", kCheckName, asked, given));
  }

  // The object is there, so a server that respects the condition has to say 412.
  Status put_again() {
    Request put = put_request();
    put.headers.emplace_back("if-none-match", "*");
    const Outcome outcome = client_.send(put, context_);
    const Status status = outcome.answer.status();
    if (status.code() == Code::conflict) return Status();
    if (status.ok()) return no_conditional_puts("S3 PUT replaces an object despite If-None-Match");
    if (outcome.refusal != Refusal::none) return no_conditional_puts(status.detail());
    return status.with_context("writing to the store if absent");
  }

  Status get() {
    const Outcome outcome = client_.send(request("GET", kCheckName), context_);
    if (!outcome.answer.ok())
      return failure(outcome, "reading from the store", right_to("GetObject"));
    ASSIGN_OR_RETURN(const std::string text, outcome.answer->body.to_string());
    if (text == kContent) return Status();
    return Status(Code::unavailable, "reading from the store: it is not what was written",
                  fmt::format("S3 GET of {}: {} bytes", kCheckName, text.size()));
  }

  // Of an object that nobody ever puts: the right is asked for all the same, and no process takes
  // away what another is about to get. Originals are what has to be removed; rights may differ by
  // prefix.
  Status remove() {
    const std::string key = fmt::format("{}/{}", key_space::kUploads, kCheckName);
    const Outcome outcome = client_.send(request("DELETE", key), context_);
    const Code code = outcome.answer.status().code();
    if (code == Code::ok || code == Code::not_found) return Status();
    return failure(outcome, "removing from the store", "s3:DeleteObject");
  }

  const CheckedBucket& bucket_;
  Client& client_;
  const OpContext& context_;
  const Blob content_{std::string(kContent)};
  std::string missing_;  // rights
  std::string denials_;  // what the server said
};

}  // namespace

Status check_bucket(const CheckedBucket& bucket, Client& client, const OpContext& context) {
  return BucketCheck(bucket, client, context).run();
}

}  // namespace thumbmill::s3
