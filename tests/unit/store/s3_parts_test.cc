// Options, addresses, headers and documents of the S3 store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/s3/endpoint.h"
#include "store/s3/object_headers.h"
#include "store/s3/s3_options.h"
#include "store/s3/s3_xml.h"

namespace thumbmill::s3 {
namespace {

using ::testing::HasSubstr;

TEST(S3Url, NamesBucketAndPrefix) {
  EXPECT_EQ(parse_s3_url("s3://my-bucket")->bucket, "my-bucket");
  EXPECT_EQ(parse_s3_url("s3://my-bucket")->prefix, "");
  EXPECT_EQ(parse_s3_url("s3://my-bucket/")->prefix, "");
  EXPECT_EQ(parse_s3_url("s3://my-bucket/a/b/")->prefix, "a/b");
  for (const char* bad :
       {"", "s3:", "s3://", "s3:///p", "s3://ab", "s3://UPPER", "s3://-ab", "s3://a..b", "s3://a_b",
        "s3://bucket//p", "s3://bucket/../p", "s3://bucket/a b", "S3://bucket", "https://bucket"}) {
    EXPECT_EQ(parse_s3_url(bad).status().code(), Code::invalid_argument) << bad;
  }
}

// There are none in these URLs, but people write them there.
TEST(S3Url, PasswordsAreNotRepeated) {
  for (const char* url : {"s3://key:xyzzy@bucket", "s3://xyzzy@bucket", "s3:/key:xyzzy@bucket",
                          "s4://key:xyzzy@bucket", "s3://bucket/key:xyzzy@b", "s3://key:xyzzy"}) {
    const Status refused = parse_s3_url(url).status();
    EXPECT_EQ(refused.code(), Code::invalid_argument) << url;
    EXPECT_EQ(refused.to_string().find("xyzzy"), std::string::npos) << refused.to_string();
  }
  for (const char* url :
       {"http://key:xyzzy@host", "http://xyzzy@host", "https://key:xyzzy", "https://key:xyzzy/a",
        "http:/key:xyzzy@host", "key:xyzzy@host", "http://host/?password=xyzzy",
        "http://key:1/xyzzy@host", "http://key:xy#zzy@host"}) {
    const Status refused = Endpoint::make(url, "", "bucket", true).status();
    EXPECT_EQ(refused.code(), Code::invalid_argument) << url;
    EXPECT_EQ(refused.to_string().find("zzy"), std::string::npos) << refused.to_string();
  }
}

TEST(S3Url, OptionsAreChecked) {
  S3Options options{.bucket = "bucket"};
  options.kms_key_id = "key";
  EXPECT_EQ(check_s3_options(options).code(), Code::invalid_argument);
  options.encryption = S3Encryption::sse_kms;
  EXPECT_TRUE(check_s3_options(options).ok());
}

std::string url_of(const std::string& endpoint, const std::string& bucket, bool path_style,
                   const std::string& region = "eu-west-1") {
  const Result<Endpoint> made = Endpoint::make(endpoint, region, bucket, path_style);
  return made.ok() ? made->url(made->path("a/b.c"), {}) : std::string("none");
}

TEST(S3Endpoint, PutsTheBucketIntoTheHostOrThePath) {
  EXPECT_EQ(url_of("", "bucket", false), "https://bucket.s3.eu-west-1.amazonaws.com/a/b.c");
  EXPECT_EQ(url_of("", "bucket", true), "https://s3.eu-west-1.amazonaws.com/bucket/a/b.c");
  EXPECT_EQ(url_of("", "bucket", false, "cn-north-1"),
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/a/b.c");
  EXPECT_EQ(url_of("https://S3.Example.org/", "bucket", false),
            "https://bucket.s3.example.org/a/b.c");
  EXPECT_EQ(url_of("https://example.org:8443/s3", "bucket", true),
            "https://example.org:8443/s3/bucket/a/b.c");
  EXPECT_EQ(url_of("https://example.org:443", "bucket", true), "https://example.org/bucket/a/b.c");
  // No host name can be made of these.
  EXPECT_EQ(url_of("http://127.0.0.1:9000", "bucket", false), "http://127.0.0.1:9000/bucket/a/b.c");
  EXPECT_EQ(url_of("http://[::1]:9000", "bucket", false), "http://[::1]:9000/bucket/a/b.c");
  EXPECT_EQ(url_of("http://localhost:9000", "bucket", false), "http://localhost:9000/bucket/a/b.c");
  EXPECT_EQ(url_of("", "dotted.bucket", false),
            "https://s3.eu-west-1.amazonaws.com/dotted.bucket/a/b.c");
}

TEST(S3Endpoint, TheBucketItselfHasAPathToo) {
  EXPECT_EQ(Endpoint::make("", "r", "bucket", false)->path(""), "/");
  EXPECT_EQ(Endpoint::make("", "r", "bucket", true)->path(""), "/bucket");
}

TEST(S3Endpoint, RefusesWhatIsNone) {
  EXPECT_EQ(url_of("", "bucket", false, ""), "none");
  for (const char* bad : {"ftp://host", "host", "http://", "http:///path", "https://user@host",
                          "https://host/?q", "https://ho st"}) {
    EXPECT_EQ(url_of(bad, "bucket", true), "none") << bad;
  }
}

PutOptions with(Metadata metadata, std::string type = "image/png") {
  return {.content_type = std::move(type), .metadata = std::move(metadata)};
}

HttpAnswer answer_of(Parameters headers) {
  headers.emplace_back("content-length", "5");
  headers.emplace_back("last-modified", "Wed, 28 Oct 2009 22:32:00 GMT");
  return {.status = 200, .headers = std::move(headers), .body = {}};
}

TEST(S3ObjectHeaders, ValuesThatHeadersWouldChangeComeBackAsTheyWere) {
  const Metadata metadata{{"empty", ""},
                          {"plain", "a b"},
                          {"lead", " x"},
                          {"trail", "x "},
                          {"run", "a  b"},
                          {"percent", "%41"},
                          {"json", R"({"a":"100%  "})"},
                          {"space", " "}};
  const Parameters headers = object_headers(with(metadata)).value();
  for (const auto& [name, value] : headers) {
    EXPECT_FALSE(value.empty() || value.front() == ' ' || value.back() == ' ') << name;
    EXPECT_EQ(value.find("  "), std::string::npos) << name;
  }
  EXPECT_EQ(headers[0], (std::pair<std::string, std::string>("content-type", "image/png")));
  const ObjectInfo info = object_info("key", answer_of(headers)).value();
  EXPECT_EQ(info.metadata, metadata);
  EXPECT_EQ(info.content_type, "image/png");
  EXPECT_EQ(info.size_bytes, 5u);
  EXPECT_EQ(info.modified, WallTime(std::chrono::seconds(1'256'769'120)));
}

TEST(S3ObjectHeaders, NoTypeIsS3sOwnWordForIt) {
  const Parameters headers = object_headers(with({}, "")).value();
  EXPECT_EQ(headers[0].second, "binary/octet-stream");
  EXPECT_EQ(object_info("key", answer_of(headers))->content_type, "");
}

TEST(S3ObjectHeaders, EscapedMetadataKeepsTheLimit) {
  EXPECT_TRUE(object_headers(with({{"job", std::string(2045, 'x')}})).ok());
  const std::string escaped = " " + std::string(2043, 'x');
  EXPECT_EQ(object_headers(with({{"job", escaped}})).status().code(), Code::invalid_argument);
}

TEST(S3ObjectHeaders, TheStoresOwnMarkIsNoMetadata) {
  const ObjectInfo info =
      object_info("key", answer_of({{"x-amz-meta-thumbmill-put", "00"}, {"x-amz-meta-a", "%%zz"}}))
          .value();
  EXPECT_EQ(info.metadata, (Metadata{{"a", "%%zz"}})) << "put by somebody else, as it stands";
}

TEST(S3ObjectHeaders, AnswersWithoutWhatIsNeededAreUnavailable) {
  for (const Parameters& headers :
       {Parameters{}, Parameters{{"content-length", "5"}}, Parameters{{"content-length", "5x"}}}) {
    EXPECT_EQ(object_info("key", {.status = 200, .headers = headers, .body = {}}).status().code(),
              Code::unavailable);
  }
}

TEST(S3Xml, Errors) {
  const auto error = parse_error(
      "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>less &amp; "
      "less</Message></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "SlowDown");
  EXPECT_EQ(error->message, "less & less");
  EXPECT_EQ(
      parse_error("<ErrorResponse xmlns=\"x\"><Error><Code>ExpiredTokenException</Code></Error>"
                  "</ErrorResponse>")
          ->code,
      "ExpiredTokenException");
  for (const char* none : {"", "text", "<Error", "<html/>", "<CopyObjectResult/>"})
    EXPECT_FALSE(parse_error(none)) << none;
}

TEST(S3Xml, ListPages) {
  const ListPage page =
      parse_list_page(
          "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url"
          "</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>a+b/=="
          "</NextContinuationToken><Contents><Key>p/a%20b%01</Key><LastModified>"
          "2009-10-28T22:32:00.123Z</LastModified><Size>1</Size></Contents><Contents><Key>p/c</Key>"
          "<LastModified>2009-10-28T22:32:00Z</LastModified></Contents></ListBucketResult>")
          .value();
  ASSERT_EQ(page.objects.size(), 2u);
  EXPECT_EQ(page.objects[0].key, "p/a b\x01");
  EXPECT_EQ(page.objects[0].modified, WallTime(std::chrono::milliseconds(1'256'769'120'123)));
  EXPECT_EQ(page.objects[1].key, "p/c");
  EXPECT_EQ(page.next_token, "a+b/==");
  // An empty page that is taken for the end of a listing would be an empty store.
  for (const char* none :
       {"", "text", "<ListBucketResult>", "<Error/>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"}) {
    EXPECT_EQ(parse_list_page(none).status().code(), Code::unavailable) << none;
  }
}

TEST(S3Xml, Times) {
  EXPECT_EQ(parse_utc_time("2026-01-31T09:05:07Z"), WallTime(std::chrono::seconds(1'769'850'307)));
  EXPECT_EQ(parse_utc_time("2026-01-31T09:05:07.5Z"),
            WallTime(std::chrono::seconds(1'769'850'307)));
  for (const char* none : {"", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z",
                           "2026-01-31T09:05:07", "2026-01-31 09:05:07Z", "20xx-01-31T09:05:07Z",
                           "2026-01-31T09:05:-7Z", "2026-01-31T09:05:07.xxxZ"}) {
    EXPECT_FALSE(parse_utc_time(none)) << none;
  }
}

}  // namespace
}  // namespace thumbmill::s3
