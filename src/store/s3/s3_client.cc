#include "store/s3/s3_client.h"

#include <fmt/format.h>

#include "base/pause.h"
#include "store/s3/s3_xml.h"

namespace thumbmill::s3 {
namespace {

using std::chrono::milliseconds;

// S3 refuses what is signed more than 15 minutes off.
constexpr std::chrono::minutes kClearlySkewed{5};
constexpr std::size_t kMostErrorBytes = 64 * 1024;

// SHA-256 of no bytes.
constexpr std::string_view kEmptyHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

ErrorDocument error_in(const HttpAnswer& answer) {
  if (answer.body.size() > kMostErrorBytes) return {};
  const Result<std::string> text = answer.body.to_string();
  if (!text.ok()) return {};
  return parse_error(text.value()).value_or(ErrorDocument{});
}

bool holds_document(const HttpAnswer& answer) {
  const Result<std::string> text = answer.body.to_string();
  return text.ok() && is_whole_document(text.value());
}

/// Whether the server has said no, unless it did so because of the object's state.
Refusal refusal_of(const HttpAnswer& answer, const ErrorDocument& error, Fault fault) {
  if (fault != Fault::permanent || (answer.status / 100 != 4 && answer.status != 501))
    return Refusal::none;
  const bool denied = error.code.empty() || error.code == "AccessDenied";
  return answer.status == 403 && denied ? Refusal::denied : Refusal::other;
}

/// What a failed request means for the caller.
Status failure_of(const Request& request, const HttpAnswer& answer, const ErrorDocument& error,
                  Refusal refusal) {
  const std::string detail =
      fmt::format("S3 {} {}: HTTP {} {} {}, request {}", request.method,
                  request.key.empty() ? "of the bucket" : request.key, answer.status, error.code,
                  error.message, answer.header("x-amz-request-id").value_or("without an id"));
  if (answer.status == 412 || error.code == "PreconditionFailed")
    return Status(Code::conflict, "the object exists already", detail);
  const bool of_object = error.code.empty() || error.code == "NoSuchKey";
  if ((answer.status == 404 && of_object && !request.key.empty()) || error.code == "NoSuchKey")
    return Status(Code::not_found, "there is no such object", detail);
  if (answer.status == 507 || error.code == "QuotaExceeded")
    return Status(Code::exhausted, "the store is full", detail);
  if (refusal != Refusal::none)
    return Status(Code::unavailable, "the store refuses the request", detail);
  if (const auto region = answer.header("x-amz-bucket-region");
      region && answer.status / 100 == 3) {
    return Status(Code::unavailable, "the store cannot be reached",
                  fmt::format("{}; the bucket is in region {}", detail, *region));
  }
  return Status(Code::unavailable, "the store cannot be reached", detail);
}

}  // namespace

Client::Client(Endpoint endpoint, std::string region, HttpTransport& transport,
               CredentialChain& credentials, Clock& clock, Random& random, Metrics& metrics,
               Logger& log)
    : endpoint_(std::move(endpoint)),
      scope_{.region = std::move(region)},
      transport_(transport),
      credentials_(credentials),
      clock_(clock),
      random_(random),
      metrics_(metrics),
      log_(log),
      breaker_(clock) {}

Outcome Client::send(const Request& request, const OpContext& context) {
  if (!breaker_.allows()) {
    return {Status(Code::unavailable, "the store cannot be reached",
                   "S3: most calls have failed, so this one was not made")};
  }
  Fault fault = Fault::permanent;
  Outcome outcome = send_until_settled(request, context, fault);
  tell_breaker(outcome.answer.status(), fault);
  return outcome;
}

void Client::tell_breaker(const Status& status, Fault fault) {
  if (status.code() == Code::cancelled) return;
  const bool failed = !status.ok() && (status.code() == Code::deadline_exceeded ||
                                       fault == Fault::transient || fault == Fault::throttling);
  switch (breaker_.record(failed)) {
    case Breaker::Change::opened:
      log_.error("most calls to S3 fail: for a while they fail at once",
                 {{"detail", status.to_string()}});
      break;
    case Breaker::Change::closed:
      log_.info("S3 answers again");
      break;
    case Breaker::Change::none:
      break;
  }
}

/// `fault` becomes that of the last attempt.
Outcome Client::send_until_settled(const Request& request, const OpContext& context, Fault& fault) {
  CallAttempts attempts(tokens_, random_);
  bool uncertain = false;
  for (;;) {
    Attempt made = attempt(request, context);
    if (made.answer.ok()) {
      attempts.after_success();
      return {std::move(made.answer), uncertain};
    }
    fault = made.fault;
    const auto delay = attempts.after_failure(fault);
    if (!delay) return {std::move(made.answer), uncertain, made.refusal};
    uncertain = uncertain || made.may_have_taken_effect;
    log_.debug("an S3 request is repeated", {{"detail", made.answer.status().to_string()},
                                             {"failed_attempts", attempts.failed()},
                                             {"delay_ms", delay->count()},
                                             {"request_id", context.request_id},
                                             {"job_id", context.job_id}});
    // What cannot be repeated in time has failed of this failure, not of the wait.
    if (*delay >= context.deadline - clock_.now()) return {std::move(made.answer), uncertain};
    if (Status waited = pause(clock_, *delay, context); !waited.ok())
      return {std::move(waited), uncertain};
    metrics_.add(metric::kStoreRetries, 1);
  }
}

SigningRequest Client::signable(const std::string& method, const std::string& key) const {
  return {.method = method,
          .path = endpoint_.path(key),
          .query = {},
          .headers = {{"host", endpoint_.host()}},
          .payload_hash = {}};
}

Client::Attempt Client::attempt(const Request& request, const OpContext& context) {
  const Result<Credentials> credentials = credentials_.get(context);
  if (!credentials.ok()) return {credentials.status()};
  SigningRequest signing = signable(request.method, request.key);
  signing.query = request.query;
  signing.payload_hash = request.body == nullptr || request.body->size() == 0
                             ? std::string(kEmptyHash)
                             : request.body_hash;
  signing.headers.insert(signing.headers.end(), request.headers.begin(), request.headers.end());
  signing.headers.emplace_back("x-amz-content-sha256", signing.payload_hash);
  sign(signing, *credentials, scope_, server_now());
  HttpCall call{.method = request.method,
                .url = endpoint_.url(signing.path, signing.query),
                .headers = std::move(signing.headers),
                .body = request.body,
                .times = request.times,
                .most_bytes = request.most_bytes};
  Result<HttpAnswer> answer = transport_.send(call, context);
  if (answer.ok()) return judge(request, *credentials, std::move(answer).value());
  const bool broke = answer.status().code() == Code::unavailable;
  const Status failure(
      answer.status().code(), answer.status().message(),
      fmt::format("S3 {} {}: {}", request.method, request.key, answer.status().detail()));
  return {failure, broke ? Fault::transient : Fault::permanent, broke};
}

Client::Attempt Client::judge(const Request& request, const Credentials& credentials,
                              HttpAnswer answer) {
  const bool success = answer.status / 100 == 2;
  if (success && !request.document_in_success) return {std::move(answer)};
  const ErrorDocument error = error_in(answer);
  if (success && error.code.empty() && holds_document(answer)) return {std::move(answer)};
  Fault fault = classify(answer.status, error.code);
  if (success && fault == Fault::permanent) fault = Fault::transient;
  // An answer to HEAD has no body that could name its error.
  const bool unnamed = request.method == "HEAD" && error.code.empty();
  if (unnamed && answer.status == 403 && is_clock_wrong(answer)) fault = Fault::clock_skew;
  if (unnamed && answer.status == 400 && !credentials.session_token.empty())
    fault = Fault::expired_credentials;
  if (fault == Fault::clock_skew) correct_clock(answer);
  if (fault == Fault::expired_credentials) credentials_.reject(credentials);
  const bool may_have_taken_effect = success || answer.status / 100 == 5;
  Refusal refusal = refusal_of(answer, error, fault);
  Status failure = failure_of(request, answer, error, refusal);
  if (failure.code() != Code::unavailable) refusal = Refusal::none;  // it is about the object
  return {std::move(failure), fault, may_have_taken_effect, refusal};
}

WallTime Client::server_now() const {
  return clock_.wall_now() + milliseconds(clock_offset_ms_.load());
}

bool Client::is_clock_wrong(const HttpAnswer& answer) const {
  const auto date = parse_http_time(std::string(answer.header("date").value_or("")));
  return date && std::chrono::abs(*date - server_now()) > kClearlySkewed;
}

void Client::correct_clock(const HttpAnswer& answer) {
  const auto date = parse_http_time(std::string(answer.header("date").value_or("")));
  if (!date) return;
  const auto offset = std::chrono::floor<milliseconds>(*date - clock_.wall_now());
  clock_offset_ms_ = offset.count();
  log_.warning("this machine's clock differs from the store's", {{"offset_ms", offset.count()}});
}

Result<std::string> Client::presign(const std::string& method, const std::string& key,
                                    const Parameters& headers, std::chrono::seconds ttl,
                                    const OpContext& context) {
  ASSIGN_OR_RETURN(const Credentials credentials, credentials_.get(context));
  SigningRequest signing = signable(method, key);
  signing.headers.insert(signing.headers.end(), headers.begin(), headers.end());
  signing.payload_hash = kUnsignedPayload;
  s3::presign(signing, credentials, scope_, server_now(), ttl);
  return endpoint_.url(signing.path, signing.query);
}

}  // namespace thumbmill::s3
