// Other sites' pages: what they are told, with the whole API behind it.
#include "api/cors.h"

#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;
using testing::Not;

class CorsTest : public ApiFixture {
 protected:
  std::unique_ptr<ApiService> with(std::string_view origins) {
    SiteSettings site;
    site.cors = CorsPolicy::parse(origins).value();
    return std::make_unique<ApiService>(settings(spool_.path()), api_parts(), GuardSettings(),
                                        std::move(site));
  }
};

TEST_F(CorsTest, IsSilentWhenNoOriginIsAllowed) {
  const Exchange answer = get("/v1/queue", {{"Origin", "https://a.example"}});
  EXPECT_EQ(answer.status(), 403);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(answer.field("Vary"), "");
}

TEST_F(CorsTest, NamesTheOriginThatIsAllowedAndVariesByIt) {
  const auto service = with("https://a.example, http://localhost:3000");
  const Exchange allowed = call_on(*service, "GET", "/v1/queue", {{"Origin", "https://a.example"}});
  EXPECT_EQ(allowed.field("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(allowed.field("Vary"), "Origin");
  EXPECT_THAT(allowed.field("Access-Control-Expose-Headers"),
              testing::AllOf(HasSubstr("Location"), HasSubstr("Retry-After"),
                             HasSubstr("X-Request-Id"), HasSubstr("RateLimit")));
  EXPECT_EQ(allowed.field("Access-Control-Allow-Credentials"), "");
  for (const char* other : {"https://b.example", "http://a.example", "https://a.example.evil",
                            "null", "https://A.example", ""}) {
    const Exchange answer = call_on(*service, "GET", "/v1/queue", {{"Origin", other}});
    EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "") << other;
    EXPECT_EQ(answer.field("Vary"), "Origin") << other;
  }
  EXPECT_EQ(call_on(*service, "GET", "/v1/queue").field("Vary"), "Origin");
}

TEST_F(CorsTest, AnswersPreflightsWithThePathsMethods) {
  const auto service = with("*");
  const Exchange answer = call_on(*service, "OPTIONS", "/v1/images",
                                  {{"Origin", "https://a.example"},
                                   {"Access-Control-Request-Method", "POST"},
                                   {"Access-Control-Request-Headers", "authorization"}});
  EXPECT_EQ(answer.status(), 204);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.field("Access-Control-Allow-Methods"), "POST, GET, HEAD, OPTIONS");
  EXPECT_THAT(answer.field("Access-Control-Allow-Headers"),
              testing::AllOf(HasSubstr("Authorization"), HasSubstr("Idempotency-Key"),
                             Not(HasSubstr("*"))));
  EXPECT_EQ(answer.field("Access-Control-Max-Age"), "7200");
  EXPECT_EQ(answer.field("Vary"), "");
}

TEST_F(CorsTest, LetsRefusalsBeReadToo) {
  const auto service = with("https://a.example");
  const FieldList origin{{"Origin", "https://a.example"}};
  for (const char* path : {"/nothing", "/v1/images/unknown"}) {
    EXPECT_EQ(call_on(*service, "GET", path, origin).field("Access-Control-Allow-Origin"),
              "https://a.example");
  }
}

TEST_F(CorsTest, PreflightsNeedNoKey) {
  GuardSettings guard;
  guard.keys = [] { return std::make_shared<const KeyTable>(); };
  SiteSettings site;
  site.cors = CorsPolicy::parse("*").value();
  ApiService service(settings(spool_.path()), api_parts(), std::move(guard), std::move(site));
  const FieldList preflight{{"Origin", "https://a.example"},
                            {"Access-Control-Request-Method", "GET"}};
  EXPECT_EQ(call_on(service, "OPTIONS", "/v1/dead", preflight).status(), 204);
  const Exchange refused = call_on(service, "GET", "/v1/dead", {{"Origin", "https://a.example"}});
  EXPECT_EQ(refused.status(), 401);
  EXPECT_EQ(refused.field("Access-Control-Allow-Origin"), "*");
}

TEST(CorsPolicy, NamesWhatIsNoOrigin) {
  for (const char* bad : {"a.example", "https://", "https://a.example/", "https://a.example/path",
                          "ftp://a", "https://u@a.example", "https://a.example,",
                          "*,https://a.example", "https://*.a", "https://a b"}) {
    EXPECT_FALSE(CorsPolicy::parse(bad).ok()) << bad;
  }
  EXPECT_THAT(CorsPolicy::parse("a.example").status().message(), HasSubstr("\"a.example\""));
  for (const char* good :
       {"", "*", "https://a.example", "HTTPS://A.example:8443", "http://[::1]:80"}) {
    EXPECT_TRUE(CorsPolicy::parse(good).ok()) << good;
  }
}

}  // namespace
}  // namespace thumbmill
