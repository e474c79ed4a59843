// Where the S3 store's credentials come from: the sources that the AWS SDKs know, in their standard
// order, and the one that keeps what was found fresh. Internal to store/s3.
//
// Each source is set up by the standard environment variables alone, those of its endpoint
// included, so that tests put stand-ins on loopback.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "store/s3/http_transport.h"
#include "store/s3/sigv4.h"

namespace thumbmill::s3 {

/// The value of an environment variable; nothing when it is unset. Thread-safe.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// A variable's value, or empty.
std::string variable(const Environment& environment, const std::string& name);

/// One place to ask. Used by one thread at a time.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  /// For logs: "environment", "profile", and so on.
  virtual std::string_view name() const = 0;

  /// Credentials as they are now; nothing when this source is not set up here, which is no failure.
  /// unavailable when it is set up and does not answer as it should.
  virtual Result<std::optional<Credentials>> fetch(const OpContext& context) = 0;
};

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::unique_ptr<CredentialSource> make_environment_source(Environment environment);

/// The profile AWS_PROFILE (or "default") of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and
/// AWS_CONFIG_FILE (~/.aws/config), read anew each time. Keys only; unsupported when the profile
/// asks for a role, a process or single sign-on.
std::unique_ptr<CredentialSource> make_profile_source(Environment environment);

/// The region of that same profile, or empty.
std::string profile_region(const Environment& environment);

/// AssumeRoleWithWebIdentity (IRSA): AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, at
/// AWS_ENDPOINT_URL_STS or the region's STS.
std::unique_ptr<CredentialSource> make_web_identity_source(Environment environment,
                                                           std::string region,
                                                           HttpTransport& transport);

/// EKS Pod Identity and ECS: AWS_CONTAINER_CREDENTIALS_FULL_URI (https, loopback, or the agents'
/// own addresses) or _RELATIVE_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN.
std::unique_ptr<CredentialSource> make_container_source(Environment environment,
                                                        HttpTransport& transport);

/// The instance's role by IMDSv2, at AWS_EC2_METADATA_SERVICE_ENDPOINT or 169.254.169.254, unless
/// AWS_EC2_METADATA_DISABLED is "true".
std::unique_ptr<CredentialSource> make_imds_source(Environment environment,
                                                   HttpTransport& transport);

/// All of the above in their standard order.
std::vector<std::unique_ptr<CredentialSource>> standard_sources(const Environment& environment,
                                                                const std::string& region,
                                                                HttpTransport& transport);

/// Credentials from the first source that has some, fetched again before they expire. Thread-safe:
/// one thread refreshes, the others go on with what is still good, or wait when nothing is.
class CredentialChain {
 public:
  CredentialChain(std::vector<std::unique_ptr<CredentialSource>> sources, Clock& clock, Logger& log)
      : sources_(std::move(sources)), clock_(clock), log_(log) {}

  /// Credentials that are good now. unavailable when no source has any, or the one that had fails
  /// and the last ones have expired. While those are good, newer ones are waited for two seconds.
  Result<Credentials> get(const OpContext& context);

  /// The server took `used` for expired: the next get() fetches anew, unless somebody has already.
  void reject(const Credentials& used);

 private:
  enum class Freshness { fresh, ageing, useless };

  Freshness freshness() const;  // mutex_ is held
  Result<Credentials> fetch(const OpContext& context);

  const std::vector<std::unique_ptr<CredentialSource>> sources_;
  Clock& clock_;
  Logger& log_;
  CredentialSource* found_ = nullptr;  // touched only by the thread that refreshes

  std::mutex mutex_;
  std::condition_variable changed_;
  bool refreshing_ = false;             // guarded by mutex_
  std::optional<Credentials> current_;  // guarded by mutex_
  SteadyTime next_try_{};               // after a failed refresh; guarded by mutex_
};

}  // namespace thumbmill::s3
