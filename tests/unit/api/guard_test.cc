// API keys, signed URLs and rate limits, with the whole API behind the guard.
#include "api/guard.h"

#include <fmt/format.h>

#include "api/access.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string kSigning(64, 'a');

class GuardTest : public ApiFixture {
 protected:
  ~GuardTest() override { end_answers(); }

  static std::string line(std::string_view name, std::string_view rest) {
    return fmt::format("key {0} sha256:{1} {2}\n", name, api_key_digest(name), rest);
  }
  // Each key is its own name.
  void set_keys(const std::string& text) {
    keys_ = std::make_shared<const KeyTable>(KeyTable::parse(text).value());
  }
  static FieldList bearer(std::string_view key) {
    return {{"Authorization", fmt::format("Bearer {}", key)}};
  }
  Exchange ask(const std::string& method, const std::string& target, const FieldList& fields = {},
               const std::string& body = {}) {
    if (service == nullptr) {
      GuardSettings guard;
      guard.keys = [this] { return keys_; };
      guard.limits = {rate_, byte_rate_};
      guard.url_time = 1h;
      service =
          std::make_unique<ApiService>(settings(spool_.path()), api_parts(), std::move(guard));
    }
    return call_on(*service, method, target, fields, body);
  }
  double refused(std::string_view reason) const {
    return metrics_.value(metric::kHttpRejected, {reason});
  }
  std::string uploaded() {
    FieldList fields = bearer("uploader");
    fields.emplace_back("Content-Type", "image/jpeg");
    return ask("POST", "/v1/images", fields, kJpeg).text("/id");
  }

  std::shared_ptr<const KeyTable> keys_ = std::make_shared<const KeyTable>(
      KeyTable::parse(line("reader", "read") + line("uploader", "upload") +
                      line("scaler", "queue") + line("boss", "admin") + "sign " + kSigning)
          .value());
  RateLimit rate_;
  RateLimit byte_rate_;
  std::unique_ptr<ApiService> service;
};

TEST_F(GuardTest, EveryRouteHasItsScope) {
  for (const Route& route : service_.routes()) {
    EXPECT_TRUE(scope_of_route(route.method, route.pattern))
        << route.method << ' ' << route.pattern;
  }
}

TEST_F(GuardTest, OnlyThePageAndTheDescriptionAreOpen) {
  for (const Route& route : service_.routes()) {
    const bool open = route.pattern == "/" || route.pattern.starts_with("/assets/") ||
                      route.pattern == "/openapi.json";
    const Exchange answer = ask(route.method, route.pattern);
    EXPECT_EQ(answer.status() == 401, !open) << route.method << ' ' << route.pattern;
    if (!open) {
      EXPECT_EQ(answer.text("/code"), "unauthorized");
      EXPECT_EQ(answer.field("WWW-Authenticate"), "Bearer realm=\"thumbmill\"");
    }
  }
  EXPECT_EQ(ask("GET", "/nothing").status(), 404);
  EXPECT_EQ(ask("PUT", "/v1/queue").status(), 405);
  EXPECT_EQ(ask("OPTIONS", "/v1/queue").status(), 204);
  EXPECT_EQ(ask("HEAD", "/v1/queue").status(), 401);
}

TEST_F(GuardTest, EachScopeOpensItsRoutesAndNoOther) {
  for (const Route& route : service_.routes()) {
    const Scope needed = scope_of_route(route.method, route.pattern).value();
    for (const auto& [key, scope] : {std::pair("reader", Scope::read),
                                     {"uploader", Scope::upload},
                                     {"scaler", Scope::queue},
                                     {"boss", Scope::admin}}) {
      const Exchange answer = ask(route.method, route.pattern, bearer(key));
      const bool refused = answer.status() == 403;
      EXPECT_EQ(refused, !covers(scope, needed))
          << key << ' ' << route.method << ' ' << route.pattern;
      if (!refused) continue;
      EXPECT_EQ(answer.text("/code"), "forbidden");
      EXPECT_THAT(answer.text("/detail"), HasSubstr(scope_name(needed)));
      EXPECT_THAT(answer.field("WWW-Authenticate"), HasSubstr("insufficient_scope"));
    }
  }
  EXPECT_GT(refused("scope"), 0);
}

TEST_F(GuardTest, AKeyComesInEitherHeader) {
  EXPECT_EQ(ask("GET", "/v1/queue", {{"X-API-Key", "scaler"}}).status(), 200);
  EXPECT_EQ(ask("GET", "/v1/queue", {{"Authorization", "bearer   scaler "}}).status(), 200);
  EXPECT_EQ(
      ask("GET", "/v1/queue", {{"Authorization", "Basic dTpw"}, {"X-API-Key", "scaler"}}).status(),
      200);
  EXPECT_EQ(ask("GET", "/v1/queue?key=scaler").status(), 401);
  EXPECT_EQ(refused("key_missing"), 1);
}

TEST_F(GuardTest, AWrongKeyIsToldSo) {
  for (const char* key : {"nobody", "", "scaler x", "SCALER"}) {
    const Exchange answer = ask("GET", "/v1/queue", bearer(key));
    EXPECT_EQ(answer.status(), 401) << key;
    EXPECT_THAT(answer.field("WWW-Authenticate"), HasSubstr("invalid_token"));
  }
  EXPECT_EQ(ask("GET", "/v1/queue", {{"Authorization", "Bearer nobody"}, {"X-API-Key", "scaler"}})
                .status(),
            401);
  EXPECT_EQ(refused("key_unknown"), 5);
}

TEST_F(GuardTest, ARefusedUploadIsNotReceived) {
  const auto request = std::make_shared<HttpRequest>();
  request->method = "POST";
  request->path = "/upload";
  request->has_body = true;
  ask("GET", "/");
  const std::unique_ptr<HttpTask> task = service->begin(request);
  EXPECT_EQ(task->body_limit(), 0U);
  EXPECT_FALSE(task->on_body("x").ok());
  EXPECT_EQ(task->reject(Status(Code::too_large, "")).status, 401);
}

TEST_F(GuardTest, KeysThatComeAndGoHoldAtOnce) {
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("scaler")).status(), 200);
  set_keys(line("other", "queue"));
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("scaler")).status(), 401);
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("other")).status(), 200);
}

TEST_F(GuardTest, ImagesShowUrlsThatABrowserCanLoad) {
  const std::string id = uploaded();
  finish_job(id, "the bytes");
  const Exchange image = ask("GET", "/v1/images/" + id, bearer("reader"));
  const std::string url = image.text("/renditions/0/url");
  Exchange rendition = ask("GET", url);
  EXPECT_EQ(rendition.status(), 200);
  EXPECT_EQ(rendition.body(), "the bytes");
  EXPECT_EQ(ask("HEAD", url).status(), 200);
  EXPECT_EQ(ask("GET", "/v1/images/" + id + "/thumb").status(), 401);
  EXPECT_EQ(ask("GET", "/v1/images/" + id + url.substr(url.find('?'))).status(), 401);
  EXPECT_EQ(ask("DELETE", url).status(), 405);

  const Exchange wrong = ask("GET", url + "0");
  EXPECT_EQ(wrong.status(), 403);
  EXPECT_EQ(wrong.text("/code"), "bad-signature");
  clock_.advance(2h);
  const Exchange expired = ask("GET", url);
  EXPECT_EQ(expired.status(), 403);
  EXPECT_THAT(expired.text("/detail"), HasSubstr("expired"));
  EXPECT_EQ(refused("signature"), 1);
  EXPECT_EQ(refused("signature_expired"), 1);
}

TEST_F(GuardTest, ReceiptsAndListsShowThemToo) {
  const std::string id = uploaded();
  finish_job(id);
  const Exchange list = ask("GET", "/v1/images", bearer("boss"));
  EXPECT_EQ(ask("GET", list.text("/images/0/renditions/0/url")).status(), 200);
  FieldList fields = bearer("uploader");
  fields.emplace_back("Content-Type", "image/jpeg");
  const Exchange receipt = ask("POST", "/v1/images", fields, kJpeg);
  EXPECT_EQ(ask("GET", receipt.text("/links/renditions/thumb")).status(), 404);  // not ready
  finish_job(receipt.text("/id"));
  EXPECT_EQ(ask("GET", receipt.text("/links/renditions/thumb")).status(), 200);
}

TEST_F(GuardTest, IdempotencyKeysAreEachClientsOwn) {
  const auto send = [&](const char* key, const std::string& body) {
    FieldList fields = bearer(key);
    fields.emplace_back("Content-Type", "image/jpeg");
    fields.emplace_back("Idempotency-Key", "1");
    return ask("POST", "/v1/images", fields, body);
  };
  const std::string id = send("uploader", kJpeg).text("/id");
  EXPECT_EQ(send("uploader", kJpeg).text("/id"), id);
  EXPECT_NE(send("boss", kJpeg).text("/id"), id);
  EXPECT_EQ(send("uploader", kJpeg + "x").status(), 422);
}

TEST_F(GuardTest, NothingIsCachedForLongerThanItsUrlHolds) {
  const std::string id = uploaded();
  finish_job(id);
  const std::string url =
      ask("GET", "/v1/images/" + id, bearer("reader")).text("/renditions/0/url");
  const auto max_age = [&](const Exchange& answer) {
    const std::string caching = answer.field("Cache-Control");
    return std::stol(caching.substr(caching.find("max-age=") + 8));
  };
  const Exchange fresh = ask("GET", url);
  EXPECT_GE(max_age(fresh), 3600);
  EXPECT_LE(max_age(fresh), 4500);
  EXPECT_THAT(fresh.field("Cache-Control"), HasSubstr("public"));
  clock_.advance(55min);
  const long left = max_age(ask("GET", url));
  EXPECT_LE(left, max_age(fresh) - 55 * 60);
  clock_.advance(std::chrono::seconds(left));
  EXPECT_EQ(ask("GET", url).status(), 403);
  // What came for a key is for its holder only.
  EXPECT_EQ(ask("GET", "/v1/images/" + id + "/thumb", bearer("reader")).field("Cache-Control"),
            "private, max-age=31536000, immutable");
  EXPECT_EQ(get("/v1/images/" + id + "/thumb").field("Cache-Control"),
            "public, max-age=31536000, immutable");
}

TEST_F(GuardTest, ARedirectHoldsNoLongerThanTheUrlThatLedToIt) {
  const std::string id = uploaded();
  finish_job(id);
  const std::string url =
      ask("GET", "/v1/images/" + id, bearer("reader")).text("/renditions/0/url");
  ApiParts parts = api_parts();
  parts.redirect = &presigner_;
  parts.redirect_time = 2h;
  GuardSettings guard;
  guard.keys = [this] { return keys_; };
  ApiService redirecting(settings(spool_.path()), parts, std::move(guard));
  clock_.advance(59min);
  const Exchange answer = call_on(redirecting, "GET", url);
  ASSERT_EQ(answer.status(), 302);
  const std::string location = answer.field("Location");
  EXPECT_LE(std::stol(location.substr(location.find("ttl=") + 4)), 16 * 60);
}

TEST_F(GuardTest, ClientsWithoutKeysHaveTheRateOfTheirAddress) {
  keys_ = nullptr;
  rate_ = {1, 3};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("GET", "/v1/queue").status(), 200);
  const Exchange refused_answer = ask("GET", "/v1/queue");
  EXPECT_EQ(refused_answer.status(), 429);
  EXPECT_EQ(refused_answer.text("/code"), "rate-limited");
  EXPECT_EQ(refused_answer.field("Retry-After"), "1");
  EXPECT_EQ(refused_answer.field("RateLimit-Policy"), "\"requests\";q=3;w=3");
  EXPECT_EQ(refused_answer.field("RateLimit"), "\"requests\";r=0;t=3");
  clock_.advance(1s);
  const Exchange again = ask("GET", "/v1/queue");
  EXPECT_EQ(again.status(), 200);
  EXPECT_EQ(again.field("RateLimit"), "\"requests\";r=0;t=3");
  EXPECT_EQ(refused("rate_limit"), 1);
}

TEST_F(GuardTest, NoRequestIsFree) {
  struct Case {
    const char* method;
    const char* target;
    int status;
  };
  for (const Case& c : {Case{"GET", "/nothing", 404},
                        {"GET", "/v1/images/x/y/z", 404},
                        {"PUT", "/v1/queue", 405},
                        {"GET", "/", 200},
                        {"HEAD", "/openapi.json", 200},
                        {"GET", "/assets/none.js", 404},
                        {"OPTIONS", "/v1/queue", 204},
                        {"OPTIONS", "/nothing", 404}}) {
    rate_ = {1, 2};
    service = nullptr;
    EXPECT_EQ(ask(c.method, c.target).status(), c.status) << c.method << ' ' << c.target;
    EXPECT_EQ(ask(c.method, c.target).status(), c.status) << c.method << ' ' << c.target;
    EXPECT_EQ(ask(c.method, c.target).status(), 429) << c.method << ' ' << c.target;
    EXPECT_EQ(ask("GET", "/v1/queue").status(), 429) << "they share a bucket";
    // A key has its own, there as well; one that is not known is no way out of the address's.
    EXPECT_EQ(ask(c.method, c.target, bearer("scaler")).status(), c.status);
    EXPECT_EQ(ask(c.method, c.target, bearer("nobody")).status(), 429);
  }
}

TEST_F(GuardTest, EachFileOfAFormCountsAsARequest) {
  keys_ = nullptr;
  rate_ = {1, 10};
  const auto post = [&](int files) {
    Form form;
    for (int i = 0; i < files; ++i) form.file("file", "a.jpg", kJpeg);
    return ask("POST", "/v1/images", Form::fields(), form.body());
  };
  const Exchange taken = post(4);
  EXPECT_EQ(taken.status(), 202);
  EXPECT_EQ(taken.field("RateLimit"), "\"requests\";r=6;t=4");
  const std::size_t stored = store_.keys().size();
  const Exchange over = post(8);
  EXPECT_EQ(over.status(), 429);
  EXPECT_EQ(over.text("/code"), "rate-limited");
  EXPECT_EQ(over.field("Retry-After"), "2") << "7 more files, 5 are left after the request";
  EXPECT_EQ(over.field("RateLimit"), "\"requests\";r=5;t=5");
  EXPECT_EQ(store_.keys().size(), stored) << "all or none";
  EXPECT_EQ(refused("rate_limit"), 1);
  EXPECT_EQ(metrics_.value(metric::kUploads, {"rate_limited"}), 1);
  clock_.advance(3s);
  EXPECT_EQ(post(8).status(), 202);
  EXPECT_EQ(post(1).status(), 429);
  clock_.advance(1h);
  EXPECT_THAT(post(11).text("/detail"), HasSubstr("10 at once"));
}

TEST_F(GuardTest, BytesAreCountedBeforeOrAsTheyCome) {
  keys_ = nullptr;
  byte_rate_ = {100, 1000};
  const auto post = [&](std::size_t bytes, bool chunked) {
    FieldList fields{{"Content-Type", "image/jpeg"}};
    if (chunked) fields.emplace_back("Transfer-Encoding", "chunked");
    return ask("POST", "/v1/images", fields, kJpeg + std::string(bytes - kJpeg.size(), 'x'));
  };
  const Exchange first = post(700, false);
  EXPECT_EQ(first.status(), 202);
  EXPECT_EQ(first.field("RateLimit-Policy"), "\"bytes\";q=1000;w=10;qu=\"content-bytes\"");
  EXPECT_EQ(first.field("RateLimit"), "\"bytes\";r=300;t=7");
  const Exchange known = post(900, false);
  EXPECT_EQ(known.status(), 429);
  EXPECT_EQ(known.text("/code"), "rate-limited");
  EXPECT_THAT(known.text("/detail"), HasSubstr("upload-rate, 100 bytes a second"));
  EXPECT_EQ(known.field("Retry-After"), "6") << "until 600 more have come back";
  EXPECT_EQ(known.field("RateLimit"), "\"bytes\";r=300;t=7") << "nothing of it was received";
  const Exchange unknown = post(900, true);
  EXPECT_EQ(unknown.status(), 429);
  EXPECT_EQ(unknown.field("RateLimit"), "\"bytes\";r=6;t=10") << "what came was counted";
  EXPECT_EQ(unknown.field("Retry-After"), "10") << "any body is let through then";
  EXPECT_EQ(refused("upload_rate"), 2);
  clock_.advance(10s);
  EXPECT_EQ(post(900, true).status(), 202);
  EXPECT_EQ(post(1001, false).status(), 413) << "over max-body: nothing to do with the rate";
  EXPECT_EQ(ask("GET", "/v1/queue").field("RateLimit"), "") << "it has no body";
}

TEST_F(GuardTest, DirectUploadsCountTheBytesThatTheyAreFor) {
  keys_ = nullptr;
  byte_rate_ = {100, 1000};
  EXPECT_EQ(ask("POST", "/v1/uploads?bytes=900&type=image/jpeg").status(), 201);
  const Exchange over = ask("POST", "/v1/uploads?bytes=900&type=image/jpeg");
  EXPECT_EQ(over.status(), 429);
  EXPECT_EQ(over.field("Retry-After"), "8");
}

TEST_F(GuardTest, AKeyWithoutALimitHasNoneOfBytesEither) {
  byte_rate_ = {1, 200};
  set_keys(line("a", "upload") + line("free", "upload rate=0"));
  const auto post = [&](const char* key) {
    FieldList fields = bearer(key);
    fields.emplace_back("Content-Type", "image/jpeg");
    return ask("POST", "/v1/images", fields, kJpeg).status();
  };
  EXPECT_EQ(post("a"), 202);
  EXPECT_EQ(post("a"), 202);
  EXPECT_EQ(post("a"), 429);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post("free"), 202);
}

TEST_F(GuardTest, KeysHaveBucketsAndRatesOfTheirOwn) {
  rate_ = {1, 2};
  set_keys(line("a", "queue") + line("b", "queue rate=1 burst=5") + line("free", "queue rate=0"));
  const auto allowed = [&](const char* key) {
    int count = 0;
    for (int i = 0; i < 20; ++i)
      count += ask("GET", "/v1/queue", bearer(key)).status() == 200 ? 1 : 0;
    return count;
  };
  EXPECT_EQ(allowed("a"), 2);
  EXPECT_EQ(allowed("b"), 5);
  EXPECT_EQ(allowed("free"), 20);
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("free")).field("RateLimit"), "");
}

TEST_F(GuardTest, TryingKeysIsLimitedByAddress) {
  rate_ = {1, 2};
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("x")).status(), 401);
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("y")).status(), 401);
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("z")).status(), 429);
  EXPECT_EQ(ask("GET", "/v1/queue", bearer("scaler")).status(), 200);
}

}  // namespace
}  // namespace thumbmill
