// AWS Signature Version 4: the Authorization header, and presigned URLs. Pure computation. Only the
// single-chunk form, for every request of ours has its payload's hash at hand. Internal to
// store/s3.
//
// Protocol: "AWS Signature Version 4 for API requests" in the IAM User Guide, and "Authenticating
// Requests (AWS Signature Version 4)" in the S3 API Reference, whose examples are the tests'
// vectors.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/s3/percent.h"

namespace thumbmill::s3 {

/// Who signs. Value; secret: never logged.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;        ///< empty for long-lived keys
  std::optional<WallTime> expires;  ///< nothing: they do not
};

/// What a signature is good for besides its day.
struct SigningScope {
  std::string region;
  std::string service = "s3";
};

/// A request as far as its signature is concerned.
struct SigningRequest {
  std::string method;
  std::string path;          ///< percent-encoded (once, as S3 has it), starts with '/'
  Parameters query;          ///< not encoded
  Parameters headers;        ///< lower-case names; all of them are signed; "host" is there
  std::string payload_hash;  ///< SHA-256 in hexadecimal, or "UNSIGNED-PAYLOAD"
};

/// Payload hash of presigned requests, whose body nobody has seen yet.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// The form of the request that is hashed.
std::string canonical_request(const SigningRequest& request);

/// Adds the headers x-amz-date, x-amz-security-token (when there is a token) and authorization.
void sign(SigningRequest& request, const Credentials& credentials, const SigningScope& scope,
          WallTime now);

/// Adds the X-Amz-* parameters to the query, so that the URL alone (with the signed headers, if any
/// besides host) is good for `ttl`.
void presign(SigningRequest& request, const Credentials& credentials, const SigningScope& scope,
             WallTime now, std::chrono::seconds ttl);

}  // namespace thumbmill::s3
