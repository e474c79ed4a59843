// The pages of other sites, and host names that are not ours: what a browser that can reach the
// service may be used for. Each table is run on every route there is. tests/browser/sites.test.mjs
// asks a real browser.
#include "api/site_policy.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/access.h"
#include "api/ops.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;

/// What a request's fields say of the page that it comes from.
struct Sender {
  std::string_view who;
  FieldList fields;
  bool foreign;
};

const std::vector<Sender>& senders() {
  static const std::vector<Sender> kSenders{
      {"a program", {}, false},
      {"a program by HTTP/1.1", {{"Host", "localhost:8080"}}, false},
      {"our page", {{"Host", "localhost:8080"}, {"Sec-Fetch-Site", "same-origin"}}, false},
      {"our page, which sends its origin",
       {{"Host", "localhost:8080"},
        {"Sec-Fetch-Site", "same-origin"},
        {"Origin", "http://localhost:8080"}},
       false},
      {"our page in an older browser",
       {{"Host", "LOCALHOST:8080"}, {"Origin", "http://localhost:8080"}},
       false},
      {"our page behind a proxy that ends TLS",
       {{"Host", "10.0.0.1:443"}, {"Origin", "https://10.0.0.1"}},
       false},
      {"our page behind a proxy that changes Host",
       {{"Host", "127.0.0.1:8080"},
        {"Sec-Fetch-Site", "same-origin"},
        {"Origin", "https://photos.example"}},
       false},
      {"a user who types the address",
       {{"Host", "127.0.0.1:8080"}, {"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Mode", "navigate"}},
       false},
      {"another site",
       {{"Host", "localhost:8080"},
        {"Sec-Fetch-Site", "cross-site"},
        {"Origin", "https://evil.example"}},
       true},
      {"another site that sends no origin",
       {{"Host", "localhost:8080"}, {"Sec-Fetch-Site", "cross-site"}},
       true},
      {"another site in an older browser",
       {{"Host", "localhost:8080"}, {"Origin", "https://evil.example"}},
       true},
      {"a page of no origin", {{"Host", "localhost:8080"}, {"Origin", "null"}}, true},
      {"another port of this machine",
       {{"Host", "localhost:8080"},
        {"Sec-Fetch-Site", "same-site"},
        {"Origin", "http://localhost:3000"}},
       true},
      {"another port in an older browser",
       {{"Host", "localhost:8080"}, {"Origin", "http://localhost:3000"}},
       true},
      {"another scheme's default port",
       {{"Host", "10.0.0.1:443"}, {"Origin", "http://10.0.0.1"}},
       true},
      {"a forged X-Forwarded-Host",
       {{"Host", "127.0.0.1:8080"},
        {"X-Forwarded-Host", "evil.example"},
        {"Origin", "https://evil.example"}},
       true},
      {"an origin with our name in front",
       {{"Host", "10.0.0.1"}, {"Origin", "http://10.0.0.1.evil.example"}},
       true},
  };
  return kSenders;
}

FieldList with(FieldList fields, std::string name, std::string value) {
  fields.emplace_back(std::move(name), std::move(value));
  return fields;
}

class SitePolicyTest : public ApiFixture {
 protected:
  ~SitePolicyTest() override { end_answers(); }

  ApiService& configured(std::string_view hosts, std::string_view origins = {}) {
    SiteSettings site;
    site.allowed_hosts = HostList::parse(hosts).value();
    site.cors = CorsPolicy::parse(origins).value();
    own_ = std::make_unique<ApiService>(settings(spool_.path()), api_parts(), GuardSettings(),
                                        std::move(site));
    return *own_;
  }

  double refused(std::string_view reason) const {
    return metrics_.value(metric::kHttpRejected, {reason});
  }

 private:
  std::unique_ptr<ApiService> own_;
};

TEST_F(SitePolicyTest, OtherSitesPagesReachNothingButImages) {
  for (const Route& route : service_.routes()) {
    for (const Sender& sender : senders()) {
      const Exchange answer = call(route.method, route.pattern, sender.fields);
      const bool refused = sender.foreign && !takes_signature(route.pattern);
      EXPECT_EQ(answer.status() == 403, refused)
          << route.method << ' ' << route.pattern << " of " << sender.who;
      if (!refused) continue;
      EXPECT_EQ(answer.text("/code"), "foreign-origin");
      EXPECT_THAT(answer.text("/detail"), HasSubstr("cors-origins"));
      EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "");
    }
  }
  EXPECT_GT(refused("origin"), 0);
  EXPECT_EQ(refused("host"), 0);
}

TEST_F(SitePolicyTest, LinksOfOtherSitesReadAndChangeNothing) {
  for (const Route& route : service_.routes()) {
    for (const Sender& sender : senders()) {
      const FieldList fields = with(sender.fields, "Sec-Fetch-Mode", "navigate");
      const bool has_site =
          std::ranges::any_of(fields, [](const auto& f) { return f.first == "Sec-Fetch-Site"; });
      if (!has_site) continue;
      EXPECT_EQ(call(route.method, route.pattern, fields).status() == 403,
                sender.foreign && route.method != "GET")
          << route.method << ' ' << route.pattern << " of " << sender.who;
    }
  }
}

TEST_F(SitePolicyTest, ARefusedUploadIsNotReceived) {
  const auto request = std::make_shared<HttpRequest>();
  request->method = "POST";
  request->path = "/upload";
  request->has_body = true;
  request->fields.add("Sec-Fetch-Site", "cross-site");
  const std::unique_ptr<HttpTask> task = service_.begin(request);
  EXPECT_EQ(task->body_limit(), 0U);
  EXPECT_FALSE(task->on_body("x").ok());
  EXPECT_EQ(task->reject(Status(Code::too_large, "")).status, 403);
}

TEST_F(SitePolicyTest, OriginsThatCorsAllowsMayDoWhatOurPageMay) {
  const FieldList fields{
      {"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://app.example"}};
  for (const char* origins : {"https://app.example", "*"}) {
    ApiService& service = configured("", origins);
    EXPECT_EQ(call_on(service, "POST", "/v1/dead/retry", fields).status(), 200) << origins;
    EXPECT_EQ(call_on(service, "GET", "/v1/queue", fields).status(), 200) << origins;
  }
  ApiService& service = configured("", "https://other.example");
  EXPECT_EQ(call_on(service, "POST", "/v1/dead/retry", fields).status(), 403);
}

TEST_F(SitePolicyTest, BehindAProxyTheNamesInTheSettingAreOurOwn) {
  ApiService& service = configured("photos.example, *.lb.example");
  const auto retry = [&](std::string origin, FieldList fields = {}) {
    fields.emplace_back("Host", "127.0.0.1:8080");
    fields.emplace_back("Origin", std::move(origin));
    return call_on(service, "POST", "/v1/dead/retry", fields).status();
  };
  EXPECT_EQ(retry("http://photos.example"), 200);
  EXPECT_EQ(retry("https://PHOTOS.example:8443"), 200);
  EXPECT_EQ(retry("http://evil.photos.example"), 403);
  // Below a domain others may have names as well.
  EXPECT_EQ(retry("http://a.lb.example"), 403);
  // A browser that says what it knows is believed.
  EXPECT_EQ(retry("http://photos.example", {{"Sec-Fetch-Site", "same-site"}}), 403);
}

TEST_F(SitePolicyTest, PreflightsOfOtherSitesAreAnsweredWithoutLeave) {
  const Exchange answer = call("OPTIONS", "/v1/images",
                               {{"Host", "localhost"},
                                {"Sec-Fetch-Site", "cross-site"},
                                {"Origin", "https://evil.example"},
                                {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(answer.status(), 204);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "");
}

TEST_F(SitePolicyTest, WithoutKeysTheHostIsOursOnEveryRoute) {
  for (const Route& route : service_.routes()) {
    for (const char* host :
         {"localhost", "localhost:8080", "LocalHost", "localhost.", "127.0.0.1", "127.1.2.3:80",
          "[::1]", "[::1]:8080", "10.0.3.7:8080", "[fd00::7]:8080", "0.0.0.0:8080"}) {
      EXPECT_NE(call(route.method, route.pattern, {{"Host", host}}).status(), 421)
          << route.method << ' ' << route.pattern << ' ' << host;
    }
    for (const char* host :
         {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
          "127.0.0.1.nip.io", "evil", "", ".", ":8080", "[::1", "[evil.example]", "127.1",
          "0x7f000001", "2130706433", "xlocalhost", "a.localhost"}) {
      const Exchange answer = call(route.method, route.pattern, {{"Host", host}});
      EXPECT_EQ(answer.status(), 421) << route.method << ' ' << route.pattern << ' ' << host;
      EXPECT_EQ(answer.text("/code"), "unknown-host");
      EXPECT_THAT(answer.text("/detail"), HasSubstr("allowed-hosts"));
    }
  }
  EXPECT_GT(refused("host"), 0);
  EXPECT_EQ(call("OPTIONS", "/v1/images", {{"Host", "evil.example"}}).status(), 421);
  EXPECT_EQ(get("/nothing", {{"Host", "evil.example"}}).status(), 421);
}

TEST_F(SitePolicyTest, AReboundPageIsRefusedThoughItIsItsOwnOrigin) {
  for (const Route& route : service_.routes()) {
    EXPECT_EQ(call(route.method, route.pattern,
                   {{"Host", "evil.example:8080"},
                    {"Origin", "http://evil.example:8080"},
                    {"Sec-Fetch-Site", "same-origin"}})
                  .status(),
              421)
        << route.method << ' ' << route.pattern;
  }
}

TEST_F(SitePolicyTest, NamesInTheSettingAreOurs) {
  const auto status = [&](ApiService& service, const char* host) {
    return call_on(service, "GET", "/v1/queue", {{"Host", host}}).status();
  };
  ApiService& named = configured("Photos.example., thumbmill-api,*.svc.example.");
  for (const char* host :
       {"photos.example", "PHOTOS.EXAMPLE:8080", "photos.example.", "thumbmill-api",
        "a.svc.example", "a.b.svc.example:80", "localhost", "10.0.0.1"}) {
    EXPECT_EQ(status(named, host), 200) << host;
  }
  for (const char* host :
       {"a.photos.example", "photos.example.evil", "svc.example", "xsvc.example", "example"}) {
    EXPECT_EQ(status(named, host), 421) << host;
  }
  EXPECT_EQ(status(configured("*"), "evil.example"), 200);
}

TEST_F(SitePolicyTest, TheNameThatItListensOnIsOursButNotItsOtherPorts) {
  SiteSettings site;
  site.listen_host = "Photos.lan";
  ApiService service(settings(spool_.path()), api_parts(), GuardSettings(), std::move(site));
  const auto retry = [&](std::string origin) {
    return call_on(service, "POST", "/v1/dead/retry",
                   {{"Host", "photos.lan:8080"}, {"Origin", std::move(origin)}})
        .status();
  };
  EXPECT_EQ(retry("http://photos.lan:8080"), 200);
  EXPECT_EQ(retry("http://photos.lan:3000"), 403);
  EXPECT_EQ(call_on(service, "GET", "/v1/queue", {{"Host", "other.lan"}}).status(), 421);
}

TEST_F(SitePolicyTest, AnyHostIsNotAnyOrigin) {
  ApiService& service = configured("*");
  EXPECT_EQ(call_on(service, "POST", "/v1/dead/retry",
                    {{"Host", "a.example"}, {"Origin", "http://b.example"}})
                .status(),
            403);
  EXPECT_EQ(call_on(service, "POST", "/v1/dead/retry",
                    {{"Host", "a.example"}, {"Origin", "http://a.example"}})
                .status(),
            200);
}

TEST_F(SitePolicyTest, WhereAKeyIsNeededTheHostIsNotAsked) {
  GuardSettings guard;
  guard.keys = [] { return std::make_shared<const KeyTable>(); };
  SiteSettings site;
  site.check_host = false;
  ApiService service(settings(spool_.path()), api_parts(), std::move(guard), std::move(site));
  EXPECT_EQ(call_on(service, "GET", "/v1/queue", {{"Host", "photos.example"}}).status(), 401);
  // A proxy in front may send a key for whoever it lets in.
  EXPECT_EQ(call_on(service, "POST", "/upload",
                    {{"Host", "photos.example"}, {"Origin", "https://evil.example"}})
                .status(),
            403);
}

// Each kind of answer: what browsers are told of it.
TEST_F(SitePolicyTest, EveryAnswerTellsBrowsersWhatItIs) {
  const std::string id = upload("/v1/images?keep=true");
  finish_job(id);
  const std::string image = "/v1/images/" + id;
  struct Row {
    const char* method;
    std::string target;
    int status;
    const char* embedding;
    const char* policy;
  };
  const char* const kNothing = "default-src 'none'; frame-ancestors 'none'";
  const char* const kImage = "default-src 'none'; sandbox";
  const char* const kPage =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
      "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
  const Row rows[] = {{"GET", "/", 200, "same-origin", kPage},
                      {"GET", "/assets/app.js", 200, "same-origin", kPage},
                      {"GET", "/openapi.json", 200, "same-origin", kPage},
                      {"GET", "/v1/queue", 200, "same-origin", kNothing},
                      {"GET", image, 200, "same-origin", kNothing},
                      {"GET", image + "/thumb", 200, "cross-origin", kImage},
                      {"GET", image + "/none", 404, "same-origin", kNothing},
                      {"GET", "/nothing", 404, "same-origin", kNothing},
                      {"PUT", "/v1/queue", 405, "same-origin", kNothing},
                      {"OPTIONS", "/v1/queue", 204, "same-origin", kNothing},
                      {"POST", "/upload", 415, "same-origin", kNothing},
                      {"DELETE", "/v1/images/none", 404, "same-origin", kNothing}};
  for (const Row& row : rows) {
    const Exchange answer = call(row.method, row.target);
    EXPECT_EQ(answer.status(), row.status) << row.target;
    EXPECT_EQ(answer.field("X-Content-Type-Options"), "nosniff") << row.target;
    EXPECT_EQ(answer.field("Cross-Origin-Resource-Policy"), row.embedding) << row.target;
    EXPECT_EQ(answer.field("Content-Security-Policy"), row.policy) << row.target;
    EXPECT_EQ(answer.field("Referrer-Policy"), "no-referrer") << row.target;
  }
}

TEST_F(SitePolicyTest, SoDoesWhatTheServerRefusesItself) {
  const HttpResponse response = service_.reject(400, "malformed", "why", "request-2");
  EXPECT_EQ(response.fields.get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.fields.get("Cross-Origin-Resource-Policy"), "same-origin");
}

TEST(OpsSitePolicyTest, TheOperationsPortIsGuardedToo) {
  RecordingMetrics metrics;
  NoLogger log;
  SimClock clock;
  SiteSettings site;
  site.allowed_hosts = HostList::parse("metrics.example").value();
  OpsService service({.metrics = [] { return std::string("a 1\n"); },
                      .health = [] { return Status(); },
                      .dependencies = [] { return std::vector<DependencyCheck>(); },
                      .version = "1.2.3"},
                     std::move(site), metrics, log, clock);
  const auto get = [&](std::string path, const FieldList& fields) {
    auto request = std::make_shared<HttpRequest>();
    request->method = "GET";
    request->path = std::move(path);
    for (const auto& [name, value] : fields) request->fields.add(name, value);
    const auto answer = std::make_shared<CapturedAnswer>();
    service.begin(request)->run(Responder(answer), {});
    EXPECT_EQ(answer->response()->fields.get("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer->response()->fields.get("Cross-Origin-Resource-Policy"), "same-origin");
    return answer->response()->status;
  };
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/version"}) {
    EXPECT_EQ(get(path, {{"Host", "evil.example"}}), 421) << path;
    EXPECT_EQ(get(path, {{"Host", "metrics.example:8081"}}), 200) << path;
    EXPECT_EQ(get(path, {{"Host", "10.0.0.7:8081"}}), 200) << path;
    for (const Sender& sender : senders()) {
      EXPECT_EQ(get(path, sender.fields) == 403, sender.foreign) << path << " of " << sender.who;
    }
  }
}

TEST(HostListTest, NamesWhatIsNoHostName) {
  for (const char* bad :
       {"https://a.example", "a.example:8080", "a.example/", "a b", "a,,b", ",", ".example",
        "*example", "a.*.example", "**", "*.", ".", "a..b", "[::1", "::1", "a@b"}) {
    EXPECT_FALSE(HostList::parse(bad).ok()) << bad;
  }
  EXPECT_THAT(HostList::parse("a.example:80").status().message(),
              testing::AllOf(HasSubstr("\"a.example:80\""), HasSubstr("without port")));
  for (const char* good : {"", " ", "*", "a.example", "A.example.", "*.example", "*,a.example",
                           "thumbmill-api", "10.0.0.1", "[fd00::1]", "a, b"}) {
    EXPECT_TRUE(HostList::parse(good).ok()) << good;
  }
}

}  // namespace
}  // namespace thumbmill
