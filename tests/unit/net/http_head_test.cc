#include "net/http_head.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/framing_attacks.h"

namespace thumbmill {
namespace {

RequestHead accept(std::string_view head) {
  auto parsed = parse_request_head(head, HttpLimits());
  if (auto* refusal = std::get_if<HeadRefusal>(&parsed)) {
    ADD_FAILURE() << head << ": " << refusal->message;
    return {};
  }
  return std::get<RequestHead>(parsed);
}

TEST(RequestHead, TakesAnOrdinaryRequestApart) {
  const RequestHead head = accept(
      "POST /v1/images?name=a%20b&x=1+2&flag HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: "
      "12\r\n"
      "X-Thing:  spaced \t\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(head.request.method, "POST");
  EXPECT_EQ(head.request.path, "/v1/images");
  EXPECT_EQ(head.request.query_value("name"), "a b");
  EXPECT_EQ(head.request.query_value("x"), "1 2");
  EXPECT_EQ(head.request.query_value("flag"), "");
  EXPECT_EQ(head.request.fields.get("x-thing"), "spaced");
  EXPECT_EQ(head.request.content_length, 12u);
  EXPECT_TRUE(head.request.has_body);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.expects_continue);
}

TEST(RequestHead, KnowsWhenTheConnectionEnds) {
  EXPECT_FALSE(accept("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_FALSE(accept("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n").keep_alive);
}

TEST(RequestHead, TakesAbsoluteAndAsteriskTargets) {
  EXPECT_EQ(accept("GET http://a/b?c=d HTTP/1.1\r\nHost: a\r\n\r\n").request.path, "/b");
  EXPECT_EQ(accept("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n").request.path, "/");
  EXPECT_EQ(accept("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").request.path, "*");
}

// The fuzzer's and the router's view of a path: every slash in it was sent as one.
TEST(RequestHead, DecodesEachSegmentByItself) {
  const auto path_of = [](std::string_view target) {
    return accept("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n").request.path;
  };
  EXPECT_EQ(path_of("/v1/images/a%20b"), "/v1/images/a b");
  EXPECT_EQ(path_of("/v1/%64ead"), "/v1/dead");
  EXPECT_EQ(path_of("/v1/%C3%A4%3F"), "/v1/\xc3\xa4?");
  EXPECT_EQ(path_of("//v1//dead/"), "//v1//dead/");
}

TEST(RequestHead, TargetAndHostMustAgree) {
  const auto status_of = [](std::string_view target, std::string_view host) {
    const auto parsed = parse_request_head(
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", target, host), HttpLimits());
    const auto* refusal = std::get_if<HeadRefusal>(&parsed);
    return refusal == nullptr ? 200 : refusal->status;
  };
  struct Case {
    std::string_view target, host;
    int status;
  };
  for (const Case& c : {Case{"http://a/", "a", 200},
                        {"http://A.Example/", "a.eXample", 200},
                        {"http://a:80/", "a", 200},
                        {"http://a/", "a:80", 200},
                        {"http://a:/", "a", 200},
                        {"https://a:443/", "a", 200},
                        {"http://a:8080/", "a:8080", 200},
                        {"http://[::1]:8080/", "[::1]:8080", 200},
                        {"http://[::1]/", "[::1]:80", 200},
                        {"http://a/", "b", 400},
                        {"http://a/", "", 400},
                        {"http://a/", "a.", 400},
                        {"http://a:8080/", "a", 400},
                        {"http://a/", "a:443", 400},
                        {"https://a/", "a:80", 400},
                        {"http://user@a/", "a", 400},
                        {"http://a\\b/", "a", 400},
                        {"http:///", "", 400},
                        {"http://?x", "", 400}}) {
    EXPECT_EQ(status_of(c.target, c.host), c.status) << c.target << " with Host: " << c.host;
  }
}

TEST(RequestHead, WithoutHostTheTargetsAuthorityIsTheHost) {
  EXPECT_EQ(accept("GET http://A:80/ HTTP/1.0\r\n\r\n").request.fields.get("host"), "a:80");
}

TEST(RequestHead, ChunkedHasABodyOfUnknownLength) {
  const RequestHead head =
      accept("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(head.chunked);
  EXPECT_TRUE(head.request.has_body);
  EXPECT_FALSE(head.request.content_length.has_value());
}

TEST(RequestHead, RefusesEveryAttack) {
  for (const FramingAttack& attack : framing_attacks()) {
    const HeadProgress progress = find_request_head(attack.bytes, HttpLimits());
    if (progress.refusal) {
      EXPECT_EQ(progress.refusal->status, attack.status) << attack.name;
      continue;
    }
    ASSERT_GT(progress.length, 0u) << attack.name;
    const auto parsed = parse_request_head(attack.bytes.substr(0, progress.length), HttpLimits());
    const auto* refusal = std::get_if<HeadRefusal>(&parsed);
    ASSERT_NE(refusal, nullptr) << attack.name;
    EXPECT_EQ(refusal->status, attack.status) << attack.name;
  }
}

TEST(RequestHead, FindsTheEndHoweverItIsCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t i = 0; i < head.size(); ++i) {
    const HeadProgress progress = find_request_head(head.substr(0, i), HttpLimits());
    EXPECT_EQ(progress.length, 0u);
    EXPECT_FALSE(progress.refusal.has_value());
  }
  EXPECT_EQ(find_request_head(head + "rest", HttpLimits()).length, head.size());
}

TEST(RequestHead, LimitsAreNamed) {
  HttpLimits limits;
  limits.request_line_bytes = 300;
  limits.header_bytes = 1000;
  limits.header_count = 3;
  const HeadProgress line = find_request_head("GET /" + std::string(400, 'a'), limits);
  ASSERT_TRUE(line.refusal);
  EXPECT_EQ(line.refusal->status, 414);
  EXPECT_THAT(line.refusal->message, ::testing::HasSubstr("max-request-line"));
  const HeadProgress header =
      find_request_head("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'a'), limits);
  ASSERT_TRUE(header.refusal);
  EXPECT_EQ(header.refusal->status, 431);
  const auto count =
      parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n", limits);
  ASSERT_TRUE(std::holds_alternative<HeadRefusal>(count));
  EXPECT_EQ(std::get<HeadRefusal>(count).status, 431);
}

TEST(PercentDecoding, IsExact) {
  EXPECT_EQ(percent_decode("a%2fb%C3%A4", false), "a/b\xc3\xa4");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_decode("%41", false), "A");
  for (const char* bad : {"%", "%4", "%4g", "%g4", "%00", "a%"})
    EXPECT_EQ(percent_decode(bad, true), std::nullopt) << bad;
}

}  // namespace
}  // namespace thumbmill
