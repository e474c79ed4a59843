#include "store/s3/credential_endpoint.h"

#include <fmt/format.h>

#include "base/read_file.h"
#include "model/json.h"
#include "store/s3/retry_policy.h"
#include "store/s3/s3_xml.h"

namespace thumbmill::s3 {
namespace {

constexpr int kTries = 3;
constexpr std::uint64_t kMostAnswerBytes = 256 * 1024;
constexpr std::size_t kMostTokenBytes = 64 * 1024;

}  // namespace

HttpCall credential_call(std::string method, std::string url, Parameters headers) {
  HttpCall call;
  call.method = std::move(method);
  call.url = std::move(url);
  call.headers = std::move(headers);
  call.times.connect = std::chrono::milliseconds(1'000);
  call.times.whole = std::chrono::milliseconds(5'000);
  call.direct = true;
  call.most_bytes = kMostAnswerBytes;
  return call;
}

Result<std::string> ask_credential_endpoint(HttpTransport& transport, const HttpCall& call,
                                            std::string_view what, const OpContext& context) {
  const auto failure = [&](std::string_view cause) {
    return Status(Code::unavailable, "the store's credentials cannot be had",
                  fmt::format("{}: {}", what, cause));
  };
  for (int tries = 1;; ++tries) {
    const Result<HttpAnswer> answer = transport.send(call, context);
    const bool again = tries < kTries;
    if (!answer.ok()) {
      if (answer.status().code() == Code::unavailable && again) continue;
      if (answer.status().code() != Code::unavailable) {
        return answer.status().with_context("waiting for the store's credentials");
      }
      return failure(answer.status().detail());
    }
    ASSIGN_OR_RETURN(const std::string text, answer->body.to_string());
    if (answer->status == 200) return text;
    const auto error = parse_error(text);
    const std::string code = error ? error->code : "";
    if (again && classify(answer->status, code) != Fault::permanent) continue;
    return failure(fmt::format("HTTP {} {}", answer->status, code));
  }
}

Result<Credentials> parse_credentials_json(std::string_view text, std::string_view what) {
  const Status unreadable(Code::unavailable, "the store's credentials cannot be had",
                          std::string(what) + ": the answer holds no credentials");
  const Result<boost::json::object> object = json::parse_object(text, what);
  if (!object.ok()) return unreadable;
  const auto member = [&](std::string_view name) {
    return json::get_string(object.value(), name).value_or("");
  };
  const std::string expiration = member("Expiration");
  const Credentials credentials{member("AccessKeyId"), member("SecretAccessKey"), member("Token"),
                                parse_utc_time(expiration)};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) return unreadable;
  if (!expiration.empty() && !credentials.expires) return unreadable;
  return credentials;
}

Result<std::string> read_token_file(const std::string& path) {
  Result<std::string> text = read_file(path, "the token file " + path, kMostTokenBytes);
  std::string token = text.ok() ? *std::move(text) : std::string();
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  token.resize(end == std::string::npos ? 0 : end + 1);
  if (token.empty()) {
    return Status(Code::unavailable, "the store's credentials cannot be had",
                  "the token file " + path + " is empty or cannot be read");
  }
  return token;
}

}  // namespace thumbmill::s3
