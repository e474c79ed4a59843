// Each credential source against a stand-in for its endpoint.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3_stand_in.h"
#include "store/s3/credentials.h"
#include "store/s3/curl_transport.h"
#include "temp_directory.h"

namespace thumbmill::s3 {
namespace {

using ::testing::HasSubstr;
using Received = StandInServer::Received;

constexpr const char* kJson =
    R"({"Code":"Success","AccessKeyId":"AKID","SecretAccessKey":"secret","Token":"token",)"
    R"("Expiration":"2026-01-31T09:05:07Z"})";

class CredentialSources : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Environment environment() const { return environment_of(variables_); }

  static std::string text_of(const Result<std::optional<Credentials>>& found) {
    if (!found.ok()) return std::string(code_name(found.status().code()));
    if (!found.value()) return "not set up";
    const Credentials& c = **found;
    return c.access_key_id + " " + c.secret_access_key + " " + c.session_token +
           (c.expires ? " until " + format_rfc3339(*c.expires) : "");
  }

  TempDirectory directory_;
  std::map<std::string, std::string> variables_;
  SystemClock clock_;
  CurlTransport transport_{clock_, directory_.path()};
};

TEST_F(CredentialSources, Environment) {
  const auto source = make_environment_source(environment());
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
  variables_["AWS_ACCESS_KEY_ID"] = "id";
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
  variables_["AWS_SECRET_ACCESS_KEY"] = "key";
  EXPECT_EQ(text_of(source->fetch({})), "id key ");
  variables_["AWS_SESSION_TOKEN"] = "token";
  EXPECT_EQ(text_of(source->fetch({})), "id key token");
}

TEST_F(CredentialSources, Profile) {
  const auto source = make_profile_source(environment());
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] =
      file("credentials",
           "# mine\n[default]\naws_access_key_id = a=1\naws_secret_access_key=s+/=\r\n\n"
           "[other]\naws_access_key_id=b\n aws_secret_access_key=nested\n"
           "aws_secret_access_key = t ; x\n"
           "aws_session_token=u\n");
  variables_["AWS_CONFIG_FILE"] = file("config",
                                       "[default]\nregion = eu-west-1\naws_access_key_id=config\n"
                                       "[profile other]\nregion=us-west-2\n[profile sso]\n"
                                       "sso_session = x\n");
  EXPECT_EQ(text_of(source->fetch({})), "a=1 s+/= ");
  EXPECT_EQ(profile_region(environment()), "eu-west-1");
  variables_["AWS_PROFILE"] = "other";
  EXPECT_EQ(text_of(source->fetch({})), "b t ; x u");
  EXPECT_EQ(profile_region(environment()), "us-west-2");
  variables_["AWS_PROFILE"] = "absent";
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
  variables_["AWS_PROFILE"] = "sso";
  EXPECT_THAT(source->fetch({}).status().message(), HasSubstr("sso_session"));
}

TEST_F(CredentialSources, ProfileOfTheHomeDirectoryIsReadAnew) {
  std::filesystem::create_directory(directory_.path() + "/.aws");
  variables_["HOME"] = directory_.path();
  const auto source = make_profile_source(environment());
  for (const char* key : {"first", "second"}) {
    file(".aws/credentials",
         std::string("[default]\naws_secret_access_key=s\naws_access_key_id=") + key);
    EXPECT_EQ(text_of(source->fetch({})), std::string(key) + " s ");
  }
}

TEST_F(CredentialSources, WebIdentity) {
  int failures = 1;
  StandInServer sts([&](const Received&) {
    if (failures-- > 0) return StandInServer::text(503, "");
    return StandInServer::text(
        200,
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKID</AccessKeyId>"
        "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
        "<Expiration>2026-01-31T09:05:07Z</Expiration></Credentials>"
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
  });
  const auto source = make_web_identity_source(environment(), "eu-west-1", transport_);
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
  variables_ = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file("jwt", "a.b+c\n")},
                {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                {"AWS_ENDPOINT_URL_STS", sts.url()}};
  EXPECT_EQ(text_of(source->fetch({})), "AKID secret token until 2026-01-31T09:05:07.000Z");
  const auto received = sts.received();
  ASSERT_EQ(received.size(), 2u) << "a failure for the moment is not the end";
  EXPECT_EQ(received[1].head.method, "POST");
  EXPECT_EQ(received[1].body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
            "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=thumbmill&"
            "WebIdentityToken=a.b%2Bc");
  EXPECT_EQ(received[1].field("authorization"), "none");
}

TEST_F(CredentialSources, WebIdentityThatIsRefusedIsAFailure) {
  StandInServer sts([](const Received&) {
    return StandInServer::text(
        403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>");
  });
  variables_ = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file("jwt", "a")},
                {"AWS_ROLE_ARN", "role"},
                {"AWS_ENDPOINT_URL_STS", sts.url()}};
  const auto source = make_web_identity_source(environment(), "eu-west-1", transport_);
  const Status refused = source->fetch({}).status();
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_THAT(refused.detail(), HasSubstr("403 AccessDenied"));
  EXPECT_EQ(sts.received().size(), 1u);
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = directory_.path() + "/absent";
  EXPECT_THAT(source->fetch({}).status().detail(), HasSubstr("absent"));
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = directory_.path();
  EXPECT_THAT(source->fetch({}).status().detail(), HasSubstr("is empty or cannot be read"));
}

TEST_F(CredentialSources, ContainerEndpoint) {
  StandInServer agent([](const Received&) { return StandInServer::text(200, kJson); });
  const auto source = make_container_source(environment(), transport_);
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url() + "/v1/credentials?x=1";
  EXPECT_EQ(text_of(source->fetch({})), "AKID secret token until 2026-01-31T09:05:07.000Z");
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "plain";
  EXPECT_TRUE(source->fetch({}).ok());
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file("token", "from file\n");
  EXPECT_TRUE(source->fetch({}).ok());
  const auto received = agent.received();
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[0].head.path, "/v1/credentials");
  EXPECT_EQ(received[0].field("authorization"), "none");
  EXPECT_EQ(received[1].field("authorization"), "plain");
  EXPECT_EQ(received[2].field("authorization"), "from file");
}

TEST_F(CredentialSources, WhoHasNoTimeLeftKnowsWhatItWaitedFor) {
  StandInServer agent([](const Received&) { return StandInServer::text(200, kJson); });
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url();
  const auto source = make_container_source(environment(), transport_);
  const Status late = source->fetch({.deadline = SteadyTime::min()}).status();
  EXPECT_EQ(late.code(), Code::deadline_exceeded);
  EXPECT_THAT(late.message(), HasSubstr("credentials"));
}

TEST_F(CredentialSources, ContainerEndpointsOfStrangersAreNotAsked) {
  const auto source = make_container_source(environment(), transport_);
  for (const char* url :
       {"http://example.org/", "http://127.0.0.1.example.org/", "ftp://localhost/",
        "http://127.0.0.1@example.org/", "http://localhost:80@example.org/"}) {
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_THAT(source->fetch({}).status().detail(), HasSubstr("neither https")) << url;
  }
}

TEST_F(CredentialSources, InstanceMetadata) {
  StandInServer imds([](const Received& request) {
    if (request.head.path == "/latest/api/token" && request.head.method == "PUT" &&
        request.field("x-aws-ec2-metadata-token-ttl-seconds") != "") {
      return StandInServer::text(200, "session");
    }
    if (request.field("x-aws-ec2-metadata-token") != "session") return StandInServer::text(401, "");
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    if (request.head.path == roles) return StandInServer::text(200, "my-role\n");
    if (request.head.path == roles + "my-role") return StandInServer::text(200, kJson);
    return StandInServer::text(404, "");
  });
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = imds.url() + "/";
  const auto source = make_imds_source(environment(), transport_);
  EXPECT_EQ(text_of(source->fetch({})), "AKID secret token until 2026-01-31T09:05:07.000Z");
  EXPECT_EQ(imds.received()[0].field("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  variables_["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  EXPECT_EQ(text_of(source->fetch({})), "not set up");
}

TEST_F(CredentialSources, WhereNobodyAnswersThereIsNoInstanceMetadata) {
  auto gone = std::make_unique<StandInServer>([](const Received&) { return HttpResponse(); });
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = gone->url();
  gone.reset();
  EXPECT_EQ(text_of(make_imds_source(environment(), transport_)->fetch({})), "not set up");
}

TEST_F(CredentialSources, AnswersWithoutCredentialsAreFailures) {
  std::string answer;
  StandInServer agent([&](const Received&) { return StandInServer::text(200, answer); });
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url();
  const auto source = make_container_source(environment(), transport_);
  for (const char* bad : {"", "text", "{}", R"({"AccessKeyId":"a"})",
                          R"({"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"soon"})"}) {
    answer = bad;
    EXPECT_EQ(source->fetch({}).status().code(), Code::unavailable) << bad;
  }
}

}  // namespace
}  // namespace thumbmill::s3
