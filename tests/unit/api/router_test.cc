// What is the same for all routes: methods, paths, problems, metrics, the page and the description.
#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/assets.h"
#include "api/embedded_files.h"
#include "api/ops.h"
#include "api/problem.h"
#include "base/hash.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class RouterTest : public ApiFixture {};

TEST_F(RouterTest, TheDescriptionHasExactlyTheRoutesThereAre) {
  std::vector<std::string> routes;
  for (const Route& route : service_.routes()) {
    routes.push_back(fmt::format("{} {}", route.method, route.pattern));
  }
  std::ranges::sort(routes);
  EXPECT_EQ(description_.operations(), routes);
  EXPECT_THAT(description_.loose_ends(), IsEmpty());
}

TEST_F(RouterTest, UnknownPathsAreNotFound) {
  for (const char* path : {"/nothing", "/v1", "/v1/", "/v1/images/", "/upload/", "//", "/assets/",
                           "/v1/images/a/b/c", "/assets/no.js"}) {
    const Exchange answer = get(path);
    EXPECT_EQ(answer.status(), 404) << path;
    EXPECT_EQ(answer.json().at("code"), "not-found") << path;
    EXPECT_EQ(answer.text("/instance"), path);
    EXPECT_EQ(answer.json().at("request_id"), "request-1");
  }
  EXPECT_EQ(metrics_.value(metric::kHttpRequests, {"none", "GET", "404"}), 8);
}

TEST_F(RouterTest, OtherMethodsAreToldWhichThereAre) {
  const Exchange answer = call("PUT", "/v1/images");
  EXPECT_EQ(answer.status(), 405);
  EXPECT_EQ(answer.field("Allow"), "POST, GET, HEAD, OPTIONS");
  EXPECT_EQ(call("GET", "/upload").field("Allow"), "POST, OPTIONS");
  EXPECT_EQ(call("POST", "/v1/images/x/thumb").field("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(call("BREW", "/v1/queue").status(), 405);
  EXPECT_EQ(metrics_.value(metric::kHttpRequests, {"/v1/queue", "other", "405"}), 1);
  const Exchange options = call("OPTIONS", "/v1/dead");
  EXPECT_EQ(options.status(), 204);
  EXPECT_EQ(options.field("Allow"), "GET, HEAD, DELETE, OPTIONS");
}

TEST_F(RouterTest, ABodyForAPathThatIsNotThereIsStillNotFound) {
  EXPECT_EQ(call("POST", "/nothing", {}, std::string(100'000, 'x')).status(), 404);
  EXPECT_EQ(call("DELETE", "/v1/dead", {}, std::string(100'000, 'x')).status(), 413);
}

TEST_F(RouterTest, RequestsAreCountedByRouteAndTimed) {
  upload();
  get("/v1/images/x");
  call("HEAD", "/v1/queue");
  EXPECT_EQ(metrics_.value(metric::kHttpRequests, {"/v1/images/{id}", "GET", "404"}), 1);
  EXPECT_EQ(metrics_.value(metric::kHttpRequests, {"/v1/queue", "HEAD", "200"}), 1);
  EXPECT_EQ(metrics_.observed(metric::kHttpSeconds, {"/v1/queue"}).size(), 1U);
}

TEST_F(RouterTest, AWaitIsTimedToItsEnd) {
  const Exchange waiting = get("/v1/images/" + upload() + "?wait=2");
  advance(waiting, std::chrono::seconds(2));
  EXPECT_EQ(metrics_.observed(metric::kHttpSeconds, {"/v1/images/{id}"}), std::vector{2.0});
}

TEST_F(RouterTest, ServersRefusalsHaveTheFormOfEveryOther) {
  for (const int status : {400, 408, 413, 414, 417, 431, 500, 501, 503, 505}) {
    const HttpResponse response = service_.reject(status, "reason", "why", "request-2");
    EXPECT_EQ(response.status, status);
    const boost::json::value problem = boost::json::parse(response.body.to_string().value());
    EXPECT_THAT(description_.check_schema("Problem", problem), IsEmpty());
    EXPECT_EQ(problem.at("request_id"), "request-2");
    EXPECT_EQ(problem.at("status"), status);
  }
}

TEST_F(RouterTest, EveryProblemIsDescribed) {
  for (const ProblemInfo& info : all_problems()) {
    const auto document = problem_json(info.problem, "why", "/x", "request-1");
    EXPECT_THAT(description_.check_schema("Problem", document), IsEmpty()) << info.code;
  }
}

TEST(ProblemTest, EveryCodeHasItsProblem) {
  const std::pair<Code, int> cases[] = {
      {Code::invalid_argument, 400}, {Code::not_found, 404},         {Code::conflict, 409},
      {Code::unsupported, 415},      {Code::too_large, 413},         {Code::corrupt_input, 422},
      {Code::unavailable, 503},      {Code::deadline_exceeded, 503}, {Code::cancelled, 503},
      {Code::exhausted, 507},        {Code::lease_lost, 500},        {Code::decoder_crashed, 500},
      {Code::internal, 500}};
  for (const auto& [code, status] : cases) {
    EXPECT_EQ(problem_info(problem_of(Status(code, "x"))).status, status) << code_name(code);
  }
  EXPECT_EQ(problem_of_body(Status(Code::deadline_exceeded, "")), Problem::timeout);
  EXPECT_EQ(problem_of_body(Status(Code::invalid_argument, "")), Problem::malformed_request);
  EXPECT_EQ(problem_of_job(Code::internal), Problem::internal);
}

TEST(ProblemTest, BytesThatAreNotTextDoNoHarm) {
  const auto document = problem_json(Problem::not_found, "\xff\"\n", "/\xfe", "id");
  EXPECT_EQ(document.at("detail"), "\xef\xbf\xbd\"\n");
}

TEST_F(RouterTest, TheDescriptionIsServedWithItsTag) {
  const Exchange answer = get("/openapi.json");
  ASSERT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body(), description_files().front().bytes);
  EXPECT_EQ(answer.field("ETag"), fmt::format("\"{}\"", to_hex(sha256(answer.body()))));
  EXPECT_EQ(get("/openapi.json", {{"If-None-Match", answer.field("ETag")}}).status(), 304);
}

TEST_F(RouterTest, TheDescriptionNamesTheFormatsOfTheTable) {
  const auto description = boost::json::parse(description_files().front().bytes);
  boost::json::array all, encodable;
  for (int i = 0; i <= static_cast<int>(ImageFormat::psd); ++i) {
    const ImageFormatInfo& info = image_format_info(static_cast<ImageFormat>(i));
    all.emplace_back(info.name);
    if (info.can_encode) encodable.emplace_back(info.name);
  }
  EXPECT_EQ(description.at_pointer("/components/parameters/format/schema/enum"), encodable);
  for (const char* schema : {"Source", "Rendition"}) {
    EXPECT_EQ(description.at_pointer(
                  fmt::format("/components/schemas/{}/properties/format/enum", schema)),
              all);
  }
}

class AssetsTest : public testing::Test {
 protected:
  static constexpr EmbeddedFile kFiles[] = {
      {"app.js", "text/javascript; charset=utf-8", "run()", "aa"},
      {"index.html", "text/html; charset=utf-8", "<!doctype html>", "bb"}};

  HttpResponse get(std::string path, FieldList fields = {}) {
    auto request = std::make_shared<HttpRequest>();
    request->method = "GET";
    request->path = std::move(path);
    for (const auto& [name, value] : fields) request->fields.add(name, value);
    const auto answer = std::make_shared<CapturedAnswer>();
    router_.begin(request)->run(Responder(answer), {});
    return answer->response().value();
  }

  RecordingMetrics metrics_;
  NoLogger log_;
  SimClock clock_;
  Router router_{asset_routes(kFiles, {}), SitePolicy(), metrics_, log_, clock_};
};

TEST_F(AssetsTest, ThePageAllowsNothingInlineAndNothingForeign) {
  const HttpResponse page = get("/");
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(page.body.to_string().value(), "<!doctype html>");
  const std::string policy(page.fields.get("Content-Security-Policy").value_or(""));
  EXPECT_THAT(policy,
              testing::StartsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(page.fields.get("X-Content-Type-Options"), "nosniff");
}

TEST_F(AssetsTest, FilesAreServedByNameAndKeptByTag) {
  const HttpResponse file = get("/assets/app.js");
  EXPECT_EQ(file.body.to_string().value(), "run()");
  EXPECT_EQ(file.fields.get("ETag"), "\"aa\"");
  EXPECT_EQ(file.fields.get("Cache-Control"), "no-cache");
  EXPECT_EQ(get("/assets/app.js", {{"If-None-Match", "\"aa\""}}).status, 304);
  EXPECT_EQ(get("/assets/index.html").status, 404);
  EXPECT_EQ(get("/openapi.json").status, 404);
}

class OpsTest : public testing::Test {
 protected:
  HttpResponse get(std::string path) {
    auto request = std::make_shared<HttpRequest>();
    request->method = "GET";
    request->path = std::move(path);
    const auto answer = std::make_shared<CapturedAnswer>();
    service_.begin(request)->run(Responder(answer), {});
    return answer->response().value();
  }

  Status health_;
  std::vector<DependencyCheck> checks_{{"store", Status()}, {"queue", Status()}};
  RecordingMetrics metrics_;
  NoLogger log_;
  SimClock clock_;
  OpsService service_{{.metrics = [] { return std::string("a 1\n"); },
                       .health = [this] { return health_; },
                       .dependencies = [this] { return checks_; },
                       .version = "1.2.3"},
                      SiteSettings(),
                      metrics_,
                      log_,
                      clock_};
};

TEST_F(OpsTest, MetricsAreInPrometheusText) {
  const HttpResponse response = get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.to_string().value(), "a 1\n");
  EXPECT_EQ(response.fields.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(OpsTest, HealthIsTheCanarys) {
  EXPECT_EQ(get("/healthz").status, 200);
  health_ = Status(Code::unavailable, "no canary lately", "secret");
  const HttpResponse response = get("/healthz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body.to_string().value(),
            R"({"status":"failing","detail":"no canary lately"})");
}

TEST_F(OpsTest, ReadinessNamesWhatIsDown) {
  EXPECT_EQ(get("/readyz").status, 200);
  checks_[1].status = Status(Code::unavailable, "cannot connect", "Connection refused");
  const HttpResponse response = get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(
      response.body.to_string().value(),
      R"x({"status":"not ready","checks":{"store":"ok","queue":"cannot connect (Connection refused)"}})x");
}

TEST_F(OpsTest, AFullQueueIsNamedAndNoReasonToTakeTheProcessAway) {
  checks_[1].may_be_full = true;
  for (DependencyCheck& check : checks_) check.status = Status(Code::exhausted, "full");
  EXPECT_EQ(get("/readyz").status, 503) << "the store is full as well";
  checks_[0].status = Status();
  const HttpResponse response = get("/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.to_string().value(),
            R"({"status":"degraded","checks":{"store":"ok","queue":"full"}})");
}

TEST_F(OpsTest, TheVersionIsTold) {
  EXPECT_EQ(get("/version").body.to_string().value(), R"({"version":"1.2.3"})");
  EXPECT_EQ(get("/v1/queue").status, 404);
}

}  // namespace
}  // namespace thumbmill
