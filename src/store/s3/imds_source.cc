// IMDSv2, "Use the Instance Metadata Service to access instance metadata" of the EC2 User Guide: a
// session token first, then the name of the instance's role, then the role's credentials.
#include "base/ascii.h"
#include "store/s3/credential_endpoint.h"
#include "store/s3/credentials.h"

namespace thumbmill::s3 {
namespace {

constexpr std::string_view kDefaultEndpoint = "http://169.254.169.254";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";

class ImdsSource final : public CredentialSource {
 public:
  ImdsSource(Environment environment, HttpTransport& transport)
      : environment_(std::move(environment)), transport_(transport) {}

  std::string_view name() const override { return "instance metadata"; }

  Result<std::optional<Credentials>> fetch(const OpContext& context) override {
    if (to_lower(variable(environment_, "AWS_EC2_METADATA_DISABLED")) == "true")
      return std::optional<Credentials>();
    std::string endpoint = variable(environment_, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (endpoint.empty()) endpoint = kDefaultEndpoint;
    if (endpoint.ends_with('/')) endpoint.pop_back();
    const Blob nothing;
    HttpCall session = credential_call("PUT", endpoint + "/latest/api/token",
                                       {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}});
    session.body = &nothing;
    const Result<HttpAnswer> token_answer = transport_.send(session, context);
    if (!token_answer.ok()) {
      // Outside of EC2 nobody answers there.
      if (token_answer.status().code() == Code::unavailable) return std::optional<Credentials>();
      return token_answer.status();
    }
    if (token_answer->status != 200) {
      return Status(Code::unavailable, "the store's credentials cannot be had",
                    "instance metadata: no token, HTTP " + std::to_string(token_answer->status));
    }
    ASSIGN_OR_RETURN(const std::string token, token_answer->body.to_string());
    const Parameters headers{{"x-aws-ec2-metadata-token", token}};
    const std::string roles_url = endpoint + std::string(kRolePath);
    ASSIGN_OR_RETURN(const std::string roles,
                     ask_credential_endpoint(transport_, credential_call("GET", roles_url, headers),
                                             "the instance's role", context));
    const std::string role(trim(std::string_view(roles).substr(0, roles.find('\n'))));
    const HttpCall call = credential_call("GET", roles_url + percent_encode(role), headers);
    ASSIGN_OR_RETURN(const std::string text,
                     ask_credential_endpoint(transport_, call, name(), context));
    ASSIGN_OR_RETURN(Credentials credentials, parse_credentials_json(text, name()));
    return std::optional<Credentials>(std::move(credentials));
  }

 private:
  const Environment environment_;
  HttpTransport& transport_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_imds_source(Environment environment,
                                                   HttpTransport& transport) {
  return std::make_unique<ImdsSource>(std::move(environment), transport);
}

}  // namespace thumbmill::s3
