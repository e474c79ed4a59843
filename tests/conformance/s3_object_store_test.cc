// S3Store against the suite, on real servers. A program of its own, run as one test a server, so
// that each is started once: the tests on it end in "/NAME".
#include "conformance/object_store_suite.h"
#include "fakes/memory_store.h"
#include "fakes/quiet.h"
#include "s3_server.h"
#include "store/s3/curl_transport.h"
#include "store/s3/s3_store.h"

namespace thumbmill {
namespace {

struct ServerKind {
  const char* name;
  std::vector<std::string_view> lacks;
  bool checks_signatures = true;
};

const ServerKind kMoto{"moto", {}};
// s3rver knows no conditional puts, lists directory by directory, and writes over an object's file.
const ServerKind kS3rver{
    "s3rver", {store_trait::kIfAbsent, store_trait::kByteOrder, store_trait::kWholeReads}, false};
// A key's "directory" is one on its disk, which goes with the last object in it, also while
// another is put there.
const ServerKind kVersitygw{"versitygw", {store_trait::kPutBesideRemoval}};
const ServerKind kGiven{"given", {}};

S3TestServer& server_of(const ServerKind& kind) {
  static std::map<std::string, std::unique_ptr<S3TestServer>> servers;
  auto& server = servers[kind.name];
  if (!server) server = std::make_unique<S3TestServer>(kind.name);
  return *server;
}

struct Surroundings {
  SystemClock clock;
  Random random{1};
  NoMetrics metrics;
  NoLogger log;
};

StoreFactory factory_of(const ServerKind& kind) {
  return {kind.name,
          [&kind]() -> StoreUnderTest {
            S3TestServer& server = server_of(kind);
            auto surroundings = std::make_shared<Surroundings>();
            if (!server.missing().empty()) {
              // Tests have a store all the same, so that a reference to it is one.
              return {surroundings, std::make_unique<MemoryStore>(surroundings->clock),
                      server.missing()};
            }
            auto store = S3Store::open(server.options(), surroundings->clock, surroundings->random,
                                       surroundings->metrics, surroundings->log);
            return {surroundings, std::move(store).value(), {}};
          },
          kind.lacks};
}

// What S3Store has beside the port.
class S3OnServers : public ::testing::TestWithParam<const ServerKind*> {
 protected:
  void SetUp() override {
    S3TestServer& server = server_of(*GetParam());
    if (!server.missing().empty()) GTEST_SKIP() << server.missing();
    options_ = server.options();
    store_ = S3Store::open(options_, clock_, random_, metrics_, log_).value();
  }
  int send(const PresignedRequest& request, const Blob* body, std::string* text = nullptr) {
    const s3::HttpAnswer answer = transport_
                                      .send({.method = request.method,
                                             .url = request.url,
                                             .headers = request.headers,
                                             .body = body},
                                            {})
                                      .value();
    if (text != nullptr) *text = answer.body.to_string().value();
    return answer.status;
  }

  SystemClock clock_;
  Random random_{1};
  NoMetrics metrics_;
  NoLogger log_;
  s3::CurlTransport transport_{clock_, std::filesystem::temp_directory_path().string()};
  S3Options options_;
  std::unique_ptr<S3Store> store_;
};

TEST_P(S3OnServers, AServerIsUsableWhenItHasConditionalPuts) {
  const auto& lacks = GetParam()->lacks;
  const Status check = store_->check({});
  if (std::ranges::find(lacks, store_trait::kIfAbsent) == lacks.end()) {
    EXPECT_TRUE(check.ok()) << check.to_string();
  } else {
    EXPECT_EQ(check.code(), Code::unavailable);
    EXPECT_THAT(check.message(), ::testing::HasSubstr("If-None-Match"));
  }
  options_.keeps_jobs = false;
  const auto for_tasks = S3Store::open(options_, clock_, random_, metrics_, log_).value();
  EXPECT_TRUE(for_tasks->check({}).ok());
  EXPECT_TRUE(store_->list("", "", 10, {})->empty()) << "what checks leave behind is not listed";
}

TEST_P(S3OnServers, PresignedRequestsNeedNoCredentials) {
  const std::chrono::seconds ttl(60);
  const PutOptions options{"image/png", {{"job", R"({"name":"a  b"})"}}, false};
  PresignedRequest put = store_->presign_put("uploads/a/x", options, {}, ttl, {}).value();
  const Blob body(std::string("bytes"));
  EXPECT_EQ(send(put, &body), 200);
  const Object object = store_->get("uploads/a/x", {}).value();
  EXPECT_EQ(object.body.to_string().value(), "bytes");
  EXPECT_EQ(object.info.content_type, "image/png");
  EXPECT_EQ(object.info.metadata, options.metadata);
  std::string text;
  EXPECT_EQ(send(store_->presign_get("uploads/a/x", ttl, {}).value(), nullptr, &text), 200);
  EXPECT_EQ(text, "bytes");
}

TEST_P(S3OnServers, StoresOfOneBucketDoNotSeeEachOther) {
  S3Options inner = options_;
  inner.prefix += "/inner";
  const auto other = S3Store::open(inner, clock_, random_, metrics_, log_).value();
  ASSERT_TRUE(other->put("a", Blob(std::string("inner")), {}, {}).ok());
  ASSERT_TRUE(store_->put("a", Blob(std::string("outer")), {}, {}).ok());
  EXPECT_EQ(other->get("a", {})->body.to_string().value(), "inner");
  EXPECT_EQ(other->list("", "", 10, {})->size(), 1u);
}

TEST_P(S3OnServers, ABucketThatIsNotThereIsUnavailable) {
  options_.bucket = "no-such-bucket";
  const auto other = S3Store::open(options_, clock_, random_, metrics_, log_).value();
  EXPECT_EQ(other->get("a", {}).status().code(), Code::unavailable);
  EXPECT_EQ(other->remove("a", {}).code(), Code::unavailable);
  EXPECT_EQ(other->list("", "", 1, {}).status().code(), Code::unavailable);
  EXPECT_EQ(other->check({}).code(), Code::unavailable);
}

// That all other tests pass says something of our signatures only because this one is refused.
TEST_P(S3OnServers, AWrongSignatureIsRefused) {
  if (!GetParam()->checks_signatures) GTEST_SKIP() << "the server does not check signatures";
  options_.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_ACCESS_KEY_ID") return "S3RVER";
    if (name == "AWS_SECRET_ACCESS_KEY") return "another secret";
    return std::nullopt;
  };
  const auto other = S3Store::open(options_, clock_, random_, metrics_, log_).value();
  const Status refused = other->put("a", Blob(), {}, {});
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_THAT(refused.detail(), ::testing::HasSubstr("SignatureDoesNotMatch"));
}

INSTANTIATE_TEST_SUITE_P(Servers, S3OnServers,
                         ::testing::Values(&kMoto, &kS3rver, &kVersitygw, &kGiven),
                         [](const auto& row) { return std::string(row.param->name); });
INSTANTIATE_TEST_SUITE_P(Servers, ObjectStoreSuite,
                         ::testing::Values(factory_of(kMoto), factory_of(kS3rver),
                                           factory_of(kVersitygw), factory_of(kGiven)),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace thumbmill
