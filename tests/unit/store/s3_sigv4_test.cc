// The published vectors: the examples of the S3 API Reference ("Authenticating Requests: Using the
// Authorization Header" and "... Using Query Parameters") and of the AWS Signature Version 4 test
// suite, as far as these apply to what we send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/percent.h"
#include "store/s3/sigv4.h"

namespace thumbmill::s3 {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr std::string_view kEmptyHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string header(const SigningRequest& request, std::string_view name) {
  for (const auto& [its_name, value] : request.headers) {
    if (its_name == name) return value;
  }
  return "none";
}

// "Example: ..." of the S3 API Reference: 24 May 2013, bucket "examplebucket".
class S3Examples : public ::testing::Test {
 protected:
  SigningRequest request(std::string method, std::string path, std::string_view hash) {
    return {.method = std::move(method),
            .path = std::move(path),
            .query = {},
            .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                        {"x-amz-content-sha256", std::string(hash)}},
            .payload_hash = std::string(hash)};
  }
  std::string authorization(SigningRequest request) {
    sign(request, credentials_, scope_, kNow);
    EXPECT_EQ(header(request, "x-amz-date"), "20130524T000000Z");
    return header(request, "authorization");
  }

  const WallTime kNow{std::chrono::sys_days(std::chrono::year_month_day(
      std::chrono::year(2013), std::chrono::month(5), std::chrono::day(24)))};
  const Credentials credentials_{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                 "", std::nullopt};
  const SigningScope scope_{.region = "us-east-1"};
};

TEST_F(S3Examples, GetObject) {
  SigningRequest get = request("GET", "/test.txt", kEmptyHash);
  get.headers.emplace_back("range", "bytes=0-9");
  EXPECT_EQ(authorization(get),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Examples, PutObject) {
  SigningRequest put = request("PUT", percent_encode_path("/test$file.text"),
                               to_hex(sha256("Welcome to Amazon S3.")));
  put.headers.emplace_back("date", "Fri, 24 May 2013 00:00:00 GMT");
  put.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_THAT(authorization(put),
              EndsWith("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_F(S3Examples, GetBucketLifecycle) {
  SigningRequest get = request("GET", "/", kEmptyHash);
  get.query.emplace_back("lifecycle", "");
  EXPECT_THAT(authorization(get),
              EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_F(S3Examples, ListObjects) {
  SigningRequest get = request("GET", "/", kEmptyHash);
  get.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_THAT(authorization(get),
              EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_F(S3Examples, PresignedGet) {
  SigningRequest get{.method = "GET",
                     .path = "/test.txt",
                     .query = {},
                     .headers = {{"host", "examplebucket.s3.amazonaws.com"}},
                     .payload_hash = std::string(kUnsignedPayload)};
  presign(get, credentials_, scope_, kNow, std::chrono::seconds(86400));
  EXPECT_EQ(encode_query(get.query),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
            "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
            "X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

struct SuiteVector {
  std::string name;
  std::string method;
  std::string path;
  Parameters query;
  Parameters headers;
  std::string body;
  std::string signature;
};

class SigV4TestSuite : public ::testing::TestWithParam<SuiteVector> {};

TEST_P(SigV4TestSuite, Signature) {
  const SuiteVector& vector = GetParam();
  SigningRequest request{.method = vector.method,
                         .path = vector.path,
                         .query = vector.query,
                         .headers = vector.headers,
                         .payload_hash = to_hex(sha256(vector.body))};
  request.headers.emplace_back("host", "example.amazonaws.com");
  const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "",
                                std::nullopt};
  const WallTime now(std::chrono::seconds(1'440'938'160));  // 2015-08-30T12:36:00Z
  sign(request, credentials, {.region = "us-east-1", .service = "service"}, now);
  EXPECT_THAT(header(request, "authorization"), EndsWith("Signature=" + vector.signature))
      << canonical_request(request);
}

INSTANTIATE_TEST_SUITE_P(
    Published, SigV4TestSuite,
    ::testing::Values(
        SuiteVector{"get_vanilla",
                    "GET",
                    "/",
                    {},
                    {},
                    "",
                    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteVector{"get_vanilla_query_order_key_case",
                    "GET",
                    "/",
                    {{"Param2", "value2"}, {"Param1", "value1"}},
                    {},
                    "",
                    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        SuiteVector{"get_utf8",
                    "GET",
                    percent_encode_path("/\xe1\x88\xb4"),
                    {},
                    {},
                    "",
                    "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        SuiteVector{"get_header_key_duplicate",
                    "GET",
                    "/",
                    {},
                    {{"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}},
                    "",
                    "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        SuiteVector{"get_header_value_trim",
                    "GET",
                    "/",
                    {},
                    {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
                    "",
                    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        SuiteVector{"post_vanilla",
                    "POST",
                    "/",
                    {},
                    {},
                    "",
                    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        SuiteVector{"post_x_www_form_urlencoded",
                    "POST",
                    "/",
                    {},
                    {{"content-type", "application/x-www-form-urlencoded"}},
                    "Param1=value1",
                    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"}),
    [](const auto& row) { return row.param.name; });

TEST(SigV4, SessionTokensAreSignedToo) {
  const Credentials credentials{"id", "secret", "a token", std::nullopt};
  SigningRequest request{.method = "GET",
                         .path = "/",
                         .query = {},
                         .headers = {{"host", "h"}},
                         .payload_hash = std::string(kEmptyHash)};
  SigningRequest presigned = request;
  sign(request, credentials, {.region = "r"}, WallTime());
  EXPECT_EQ(header(request, "x-amz-security-token"), "a token");
  EXPECT_THAT(header(request, "authorization"), HasSubstr("x-amz-date;x-amz-security-token,"));
  presign(presigned, credentials, {.region = "r"}, WallTime(), std::chrono::seconds(1));
  EXPECT_THAT(encode_query(presigned.query), HasSubstr("X-Amz-Security-Token=a%20token&"));
}

TEST(PercentEncoding, EncodesAllButTheUnreserved) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode(percent_encode_path(all)), all);
  EXPECT_EQ(percent_encode("aZ09-._~/ +\xe4"), "aZ09-._~%2F%20%2B%E4");
  EXPECT_EQ(percent_encode_path("a/b c"), "a/b%20c");
  for (const char* broken : {"%", "%1", "%g0", "a%0"})
    EXPECT_FALSE(percent_decode(broken)) << broken;
}

}  // namespace
}  // namespace thumbmill::s3
