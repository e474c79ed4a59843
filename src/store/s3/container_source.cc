// "Container credential provider" of the AWS SDKs and Tools Reference Guide.
#include <algorithm>
#include <array>

#include "store/s3/credential_endpoint.h"
#include "store/s3/credentials.h"

namespace thumbmill::s3 {
namespace {

constexpr std::string_view kEcsAgent = "http://169.254.170.2";

// Without TLS, credentials are asked for only where nobody else listens: on this machine, and at
// the link-local addresses of the ECS and EKS agents.
bool is_trusted(std::string_view url) {
  if (url.starts_with("https://")) return true;
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return false;
  std::string_view host = url.substr(kScheme.size());
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.find('@') != std::string_view::npos) return false;  // before it stands a user's name
  if (host.starts_with('[')) {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  constexpr std::array<std::string_view, 6> kHosts{
      "localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  return std::find(kHosts.begin(), kHosts.end(), host) != kHosts.end();
}

class ContainerSource final : public CredentialSource {
 public:
  ContainerSource(Environment environment, HttpTransport& transport)
      : environment_(std::move(environment)), transport_(transport) {}

  std::string_view name() const override { return "container endpoint"; }

  Result<std::optional<Credentials>> fetch(const OpContext& context) override {
    const std::string relative = variable(environment_, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const std::string url = relative.empty()
                                ? variable(environment_, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                : std::string(kEcsAgent) + relative;
    if (url.empty()) return std::optional<Credentials>();
    if (!is_trusted(url)) {
      return Status(Code::unavailable, "the store's credentials cannot be had",
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a local address");
    }
    ASSIGN_OR_RETURN(const std::string token, authorization());
    Parameters headers{{"accept", "application/json"}};
    if (!token.empty()) headers.emplace_back("authorization", token);
    const HttpCall call = credential_call("GET", url, std::move(headers));
    ASSIGN_OR_RETURN(const std::string text,
                     ask_credential_endpoint(transport_, call, name(), context));
    ASSIGN_OR_RETURN(Credentials credentials, parse_credentials_json(text, name()));
    return std::optional<Credentials>(std::move(credentials));
  }

 private:
  Result<std::string> authorization() const {
    const std::string file = variable(environment_, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (!file.empty()) return read_token_file(file);  // replaced now and then: read each time
    return variable(environment_, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  }

  const Environment environment_;
  HttpTransport& transport_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_container_source(Environment environment,
                                                        HttpTransport& transport) {
  return std::make_unique<ContainerSource>(std::move(environment), transport);
}

}  // namespace thumbmill::s3
