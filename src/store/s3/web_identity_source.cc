// AssumeRoleWithWebIdentity of the AWS STS API Reference: an unsigned request, proven by the token.
#include <fmt/format.h>

#include "store/s3/credential_endpoint.h"
#include "store/s3/credentials.h"
#include "store/s3/s3_xml.h"

namespace thumbmill::s3 {
namespace {

class WebIdentitySource final : public CredentialSource {
 public:
  WebIdentitySource(Environment environment, std::string region, HttpTransport& transport)
      : environment_(std::move(environment)), region_(std::move(region)), transport_(transport) {}

  std::string_view name() const override { return "web identity"; }

  Result<std::optional<Credentials>> fetch(const OpContext& context) override {
    const std::string token_file = variable(environment_, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const std::string role = variable(environment_, "AWS_ROLE_ARN");
    if (token_file.empty() || role.empty()) return std::optional<Credentials>();
    // Read each time: Kubernetes replaces it about every hour.
    ASSIGN_OR_RETURN(const std::string token, read_token_file(token_file));
    const Blob form(encode_query(
        {{"Action", "AssumeRoleWithWebIdentity"},
         {"Version", "2011-06-15"},
         {"RoleArn", role},
         {"RoleSessionName", environment_("AWS_ROLE_SESSION_NAME").value_or("thumbmill")},
         {"WebIdentityToken", token}}));
    HttpCall call = credential_call("POST", endpoint(),
                                    {{"content-type", "application/x-www-form-urlencoded"}});
    call.body = &form;
    call.direct = false;  // a public service, unlike the other sources
    call.times.connect = std::chrono::milliseconds(2'000);
    ASSIGN_OR_RETURN(
        const std::string text,
        ask_credential_endpoint(transport_, call, "AssumeRoleWithWebIdentity", context));
    ASSIGN_OR_RETURN(Credentials credentials, parse_assumed_role(text));
    return std::optional<Credentials>(std::move(credentials));
  }

 private:
  std::string endpoint() const {
    if (const auto url = environment_("AWS_ENDPOINT_URL_STS"); url && !url->empty()) {
      return url->ends_with('/') ? *url : *url + "/";
    }
    return fmt::format("https://sts.{}.amazonaws.com{}/", region_,
                       region_.starts_with("cn-") ? ".cn" : "");
  }

  const Environment environment_;
  const std::string region_;
  HttpTransport& transport_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_web_identity_source(Environment environment,
                                                           std::string region,
                                                           HttpTransport& transport) {
  return std::make_unique<WebIdentitySource>(std::move(environment), std::move(region), transport);
}

}  // namespace thumbmill::s3
