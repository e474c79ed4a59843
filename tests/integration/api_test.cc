// The API over a live server: uploads, waits and event streams end to end, with real threads, real
// sockets and the system's clock. What the pictures look like is not of interest here.
#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <type_traits>

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "api/api_service.h"
#include "base/ids.h"
#include "base/unique_fd.h"
#include "fakes/eventually.h"
#include "fakes/fake_thumbnailer.h"
#include "fakes/memory_queue.h"
#include "fakes/memory_store.h"
#include "fakes/quiet.h"
#include "fakes/recording_metrics.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "notify/local/local_notifier.h"
#include "service/worker.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kJpeg = std::string("\xff\xd8\xff\xe0") + std::string(96, 'j');
constexpr std::chrono::seconds kPatience{60};  // of a test; never reached when all is well

// A gate that calls wait at until it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class ApiIntegrationTest : public testing::Test {
 protected:
  void SetUp() override {
    UploadSettings settings;
    settings.limits = {.max_file_bytes = 1 << 20, .max_request_bytes = 4 << 20};
    settings.defaults = {
        .presets = {{"thumb", RenditionSpec()}}, .renditions = {"thumb"}, .keep_original = false};
    settings.spool_directory = [this] { return spool_.path(); };
    service_.emplace(settings, ApiParts{.ingest = ingest_,
                                        .catalog = catalog_,
                                        .dead_letters = dead_letters_,
                                        .store = store_,
                                        .depth = depth_,
                                        .notifier = notifier_,
                                        .workload = workload_,
                                        .metrics = metrics_,
                                        .log = log_,
                                        .clock = clock_});
    HttpServerOptions options;
    options.limits.body_time = std::chrono::milliseconds(300);
    server_ = HttpServer::start(options, *service_, metrics_, log_, clock_, random_).value();
    start_worker(WorkerOptions().threads);
  }

  void TearDown() override {
    worker_->stop(std::chrono::seconds(0));
    server_->stop(std::chrono::seconds(0));
  }

  // In place of the one before.
  void start_worker(std::size_t threads) {
    if (worker_) worker_->stop(std::chrono::seconds(0));
    WorkerOptions work;
    work.max_attempts = 1;
    work.threads = threads;
    worker_.emplace(work, WorkerParts{store_, queue_, thumbnailer_, notifier_, metrics_, log_,
                                      clock_, random_});
    worker_->start();
  }

  HttpResponse send(std::string_view method, std::string_view target, const std::string& body = {},
                    const std::vector<std::pair<std::string, std::string>>& extra = {}) {
    auto client =
        HttpClient::create({.host = "127.0.0.1", .port = server_->port(), .base_path = {}}, clock_);
    HttpFields fields;
    for (const auto& [name, value] : extra) fields.add(name, value);
    OpContext context;
    context.deadline = clock_.now() + kPatience;
    Result<HttpResponse> response = client->send(method, target, fields, Blob(body), context);
    EXPECT_TRUE(response.ok()) << method << " " << target << ": " << response.status().to_string();
    return response.ok() ? std::move(response).value() : HttpResponse();
  }

  static boost::json::value json(const HttpResponse& response) {
    return boost::json::parse(response.body.to_string().value());
  }

  // Reads a stream until it ends; `on_text` sees all of it so far.
  std::string follow(const std::string& target,
                     const std::function<bool(const std::string&)>& on_text) {
    auto client =
        HttpClient::create({.host = "127.0.0.1", .port = server_->port(), .base_path = {}}, clock_);
    OpContext context;
    context.deadline = clock_.now() + kPatience;
    std::string text;
    const Status status = client->stream(
        target, {},
        [&](std::string_view bytes) {
          text += bytes;
          return on_text(text);
        },
        context);
    // Cancelled is what a reader's own end is called.
    EXPECT_TRUE(status.ok() || status.code() == Code::cancelled) << status.to_string();
    return text;
  }

  // Makes jobs wait until the gate is opened.
  std::shared_ptr<Gate> hold_jobs() {
    auto gate =
        std::make_shared<Gate>();  // shared with the hook, which may outlive the test's body
    thumbnailer_.set_hook([gate](const ThumbnailRequest&, const OpContext&) {
      return gate->wait() ? Status() : Status(Code::internal, "the gate stayed shut");
    });
    return gate;
  }

  static sockaddr loopback(std::uint32_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(host);
    sockaddr generic{};
    static_assert(sizeof(generic) == sizeof(address));
    std::memcpy(&generic, &address, sizeof(address));
    return generic;
  }

  // Sends bytes as they are, from an address of this machine.
  UniqueFd begin_raw(std::string_view bytes, std::uint32_t from = INADDR_LOOPBACK) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr own = loopback(from, 0);
    EXPECT_EQ(::bind(fd.get(), &own, sizeof(own)), 0);
    const sockaddr server = loopback(INADDR_LOOPBACK, server_->port());
    EXPECT_EQ(::connect(fd.get(), &server, sizeof(server)), 0);
    EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    return fd;
  }

  // Does so, and gives the answer's status line.
  std::string send_raw(std::string_view bytes, std::uint32_t from = INADDR_LOOPBACK) {
    const UniqueFd fd = begin_raw(bytes, from);
    std::string answer(16, '\0');
    const ssize_t size = ::recv(fd.get(), answer.data(), answer.size(), MSG_WAITALL);
    return answer.substr(0, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }

  SystemClock clock_;
  static constexpr std::uint64_t kSeed = 42;
  Random random_{kSeed};
  MemoryStore store_{clock_};
  MemoryQueue queue_{clock_};
  LocalNotifier notifier_;
  Workload workload_{notifier_, clock_, std::chrono::minutes(1)};
  FakeThumbnailer thumbnailer_;
  RecordingMetrics metrics_;
  NoLogger log_;
  TempDirectory spool_;
  DepthReader depth_{[this](const OpContext& context) { return queue_.depth(context); }, clock_};
  Ingest ingest_{store_, queue_, notifier_, metrics_, log_, clock_};
  Catalog catalog_{store_, queue_, notifier_, metrics_, log_, clock_};
  DeadLetters dead_letters_{store_, queue_, catalog_, notifier_, log_, clock_};
  std::optional<ApiService> service_;
  std::unique_ptr<HttpServer> server_;
  std::optional<Worker> worker_;
};

TEST_F(ApiIntegrationTest, AHundredUploadsAtOnceAllEndWell) {
  std::vector<std::thread> clients;
  std::mutex mutex;
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back([&, i] {
      const HttpResponse done = send("POST", "/v1/images?wait=60", kJpeg + std::to_string(i));
      ASSERT_EQ(done.status, 200);
      const std::string url(json(done).at_pointer("/renditions/0/url").as_string());
      EXPECT_EQ(send("GET", url).status, 200);
      const std::lock_guard lock(mutex);
      ids.emplace(json(done).at("id").as_string());
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_EQ(thumbnailer_.calls(), 100U);
  EXPECT_EQ(json(send("GET", "/v1/queue")).at("backlog"), 0);
  EXPECT_EQ(json(send("GET", "/v1/images?limit=200")).at("images").as_array().size(), 100U);
}

// The attacker knows the generator that request ids come from as well as we do; they could work it
// out from some hundred of them. It foretells later request ids, and no id of an image.
TEST_F(ApiIntegrationTest, NoIdOfAnImageFollowsFromRequestIds) {
  Random known(kSeed);
  std::set<std::string> foretold;
  for (int i = 0; i < 10'000; ++i) foretold.insert(fmt::format("{:016x}", known.next_u64()));
  std::set<std::string> ends;  // the last 12 digits of an id are 48 bits of one number
  for (const std::string& number : foretold) ends.insert(number.substr(4));
  for (int i = 0; i < 20; ++i) {
    const HttpResponse receipt = send("POST", "/v1/images", kJpeg);
    const std::string request_id(receipt.fields.get("X-Request-Id").value_or(""));
    ASSERT_EQ(request_id.size(), 32U);
    EXPECT_EQ(foretold.count(request_id.substr(0, 16)), 1U) << request_id;
    EXPECT_EQ(foretold.count(request_id.substr(16)), 1U) << request_id;
    const std::string id(json(receipt).at("id").as_string());
    EXPECT_EQ(ends.count(id.substr(24)), 0U) << id;
  }
}

// What holds it tomorrow: no id can be made of numbers that are not secret.
static_assert(!std::is_invocable_v<decltype(new_uuid7), const Clock&, Random&>);

TEST_F(ApiIntegrationTest, OneClientsManyFilesDoNotHoldUpAnothers) {
  constexpr std::size_t kFiles = 32;
  start_worker(1);  // so that jobs are decoded in the order in which they are leased
  Gate gate;
  std::mutex mutex;
  std::vector<std::uint64_t> decoded;  // sizes of the sources, by which the two are told apart
  thumbnailer_.set_hook([&](const ThumbnailRequest& request, const OpContext&) {
    {
      const std::lock_guard lock(mutex);
      decoded.push_back(request.source.size());
    }
    return gate.wait() ? Status() : Status(Code::internal, "the gate stayed shut");
  });
  std::string form;
  for (std::size_t i = 0; i < kFiles; ++i) {
    form += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + kJpeg +
            "\r\n";
  }
  const HttpResponse many = send("POST", "/v1/images", form + "--b--\r\n",
                                 {{"Content-Type", "multipart/form-data; boundary=b"}});
  ASSERT_EQ(many.status, 202);
  const std::string other = kJpeg + "other";
  const std::string head = fmt::format(
      "POST /v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\nContent-Length: "
      "{}\r\n\r\n",
      other.size());
  constexpr std::uint32_t kNeighbour = INADDR_LOOPBACK + 1;
  ASSERT_THAT(send_raw(head + other, kNeighbour), HasSubstr("202"));
  gate.open();
  const auto images = json(send("GET", "/v1/images?limit=200")).at("images").as_array();
  ASSERT_EQ(images.size(), kFiles + 1);
  for (const boost::json::value& image : images) {
    const std::string self(image.at_pointer("/links/self").as_string());
    EXPECT_EQ(json(send("GET", self + "?wait=60")).at("status"), "done");
  }
  const std::lock_guard lock(mutex);
  const auto place = std::ranges::find(decoded, other.size()) - decoded.begin();
  // Before it: what was being decoded, what was at hand, and a turn of the other.
  EXPECT_LE(place, 3);
}

TEST_F(ApiIntegrationTest, MoreWaitsThanThreadsHoldNobodyUp) {
  const std::shared_ptr<Gate> gate = hold_jobs();
  const HttpResponse receipt = send("POST", "/v1/images", kJpeg);
  const std::string self(json(receipt).at_pointer("/links/self").as_string());
  std::vector<std::future<int>> waits;
  for (int i = 0; i < 64; ++i) {
    waits.push_back(std::async(std::launch::async, [&] {
      const HttpResponse response = send("GET", self + "?wait=60");
      return json(response).at("status") == "done" ? response.status : 0;
    }));
  }
  // Twice as many waits as pool threads are open or on their way, and others are answered.
  for (int i = 0; i < 8; ++i) EXPECT_EQ(send("GET", "/v1/queue").status, 200);
  gate->open();
  for (auto& wait : waits) EXPECT_EQ(wait.get(), 200);
}

// Otherwise a client that leaves would cause reads of the store for a minute more, each time.
TEST_F(ApiIntegrationTest, AWaitEndsWhenItsClientHasGone) {
  const std::shared_ptr<Gate> gate = hold_jobs();
  const auto answered = [&](const char* route, const char* method, const char* status) {
    return [=, this] {
      return metrics_.value(metric::kHttpRequests, {route, method, status}) == 1;
    };
  };
  begin_raw(
      fmt::format("POST /v1/images?wait=60 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                  "image/jpeg\r\nContent-Length: {}\r\n\r\n{}",
                  kJpeg.size(), kJpeg));
  EXPECT_TRUE(eventually("the upload's wait ends", answered("/v1/images", "POST", "202")));
  const auto images = json(send("GET", "/v1/images")).at("images").as_array();
  ASSERT_EQ(images.size(), 1U);
  const std::string self(images[0].at_pointer("/links/self").as_string());
  begin_raw("GET " + self + "?wait=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  EXPECT_TRUE(eventually("the image's wait ends", answered("/v1/images/{id}", "GET", "200")));
  gate->open();
}

TEST_F(ApiIntegrationTest, AStreamTellsTheWholeLifeOfAJob) {
  const std::shared_ptr<Gate> gate = hold_jobs();
  const HttpResponse receipt = send("POST", "/v1/images", kJpeg);
  const std::string events(json(receipt).at_pointer("/links/events").as_string());
  const std::string text = follow(events, [&](const std::string& so_far) {
    if (so_far.find("event: state") != std::string::npos) gate->open();
    return true;
  });
  EXPECT_THAT(text, StartsWith("retry: 3000\n\n"));
  EXPECT_THAT(text, HasSubstr("\"status\":\"done\""));
}

TEST_F(ApiIntegrationTest, TheStreamOfAllJobsHasEveryEnd) {
  std::promise<void> open;
  std::atomic<bool> opened = false;
  std::future<std::string> text = std::async(std::launch::async, [&] {
    return follow("/v1/events", [&](const std::string& so_far) {
      if (!opened.exchange(true)) open.set_value();
      std::size_t ends = 0;
      for (std::size_t at = so_far.find("\"done\""); at != std::string::npos;
           at = so_far.find("\"done\"", at + 1)) {
        ++ends;
      }
      return ends < 10;
    });
  });
  open.get_future().wait();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(send("POST", "/v1/images", kJpeg).status, 202);
  EXPECT_THAT(text.get(), HasSubstr("\"status\":\"queued\""));
}

TEST_F(ApiIntegrationTest, StoppingEndsStreams) {
  const std::shared_ptr<Gate> gate = hold_jobs();
  const HttpResponse receipt = send("POST", "/v1/images", kJpeg);
  const std::string events(json(receipt).at_pointer("/links/events").as_string());
  Gate streaming;
  std::future<std::string> stream = std::async(std::launch::async, [&] {
    return follow(events, [&](const std::string& so_far) {
      if (so_far.find("event: state") != std::string::npos) streaming.open();
      return true;
    });
  });
  ASSERT_TRUE(streaming.wait());
  server_->stop(std::chrono::seconds(10));
  EXPECT_THAT(stream.get(), HasSubstr("event: state"));
  gate->open();
}

TEST_F(ApiIntegrationTest, EverySuccessHasItsStatus) {
  const std::vector<std::pair<std::string, std::string>> key{{"Idempotency-Key", "k1"}};
  const HttpResponse receipt = send("POST", "/v1/images?keep=true", kJpeg, key);
  EXPECT_EQ(receipt.status, 202);
  EXPECT_EQ(send("POST", "/v1/images?keep=true", kJpeg, key).status, 200);
  const std::string self(json(receipt).at_pointer("/links/self").as_string());
  EXPECT_EQ(send("GET", self + "?wait=60").status, 200);
  const HttpResponse thumb = send("GET", self + "/thumb");
  EXPECT_EQ(thumb.status, 200);
  EXPECT_EQ(send("GET", self + "/thumb", {}, {{"Range", "bytes=0-3"}}).body.size(), 4U);
  EXPECT_EQ(send("GET", self + "/thumb", {}, {{"Range", "bytes=0-3"}}).status, 206);
  EXPECT_EQ(send("GET", self + "/thumb", {}, {{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(send("HEAD", self + "/thumb").status, 200);
  EXPECT_EQ(send("GET", self + "/original").body.to_string().value(), kJpeg);
  EXPECT_EQ(send("OPTIONS", self).status, 204);
  EXPECT_EQ(send("GET", "/openapi.json").status, 200);
  EXPECT_EQ(send("DELETE", self).status, 204);
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n" + kJpeg +
      "\r\n--b--\r\n";
  EXPECT_EQ(
      send("POST", "/upload", form, {{"Content-Type", "multipart/form-data; boundary=b"}}).status,
      202);
}

TEST_F(ApiIntegrationTest, EveryFailureOfARequestHasItsStatus) {
  const std::string unknown = "/v1/images/0192f3a4-5b6c-7d8e-9f01-23456789abcd";
  EXPECT_EQ(send("POST", "/v1/images?size=no", kJpeg).status, 400);
  EXPECT_EQ(send("GET", unknown).status, 404);
  EXPECT_EQ(send("PUT", unknown).status, 405);
  EXPECT_EQ(send("POST", "/v1/images", std::string((1 << 20) + 1, 'x')).status, 413);
  EXPECT_EQ(send("POST", "/v1/images", "not an image").status, 415);
  EXPECT_EQ(send("GET", unknown, {}, {{"X-Long", std::string(20'000, 'x')}}).status, 431);
  EXPECT_EQ(send("GET", "/" + std::string(10'000, 'x')).status, 414);
  EXPECT_EQ(send("POST", "/v1/images", kJpeg, {{"Expect", "magic"}}).status, 417);
  EXPECT_EQ(send_raw("GET  / HTTP/1.1\r\n\r\n").substr(9, 3), "400");
  EXPECT_EQ(send_raw("GET / HTTP/2.0\r\nHost: a\r\n\r\n").substr(9, 3), "505");
  EXPECT_EQ(send_raw("POST /v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
                .substr(9, 3),
            "408");

  const HttpResponse receipt =
      send("POST", "/v1/images?wait=60", kJpeg, {{"Idempotency-Key", "k1"}});
  const std::string self(json(receipt).at_pointer("/links/self").as_string());
  EXPECT_EQ(send("POST", "/v1/images", kJpeg + "x", {{"Idempotency-Key", "k1"}}).status, 422);
  EXPECT_EQ(send("GET", self + "/thumb", {}, {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(send("GET", self + "/thumb", {}, {{"Range", "bytes=999-"}}).status, 416);
}

TEST_F(ApiIntegrationTest, EveryFailureOfTheImageOrOursHasItsStatus) {
  thumbnailer_.fail_next({Status(Code::corrupt_input, "broken"), Status(Code::too_large, "huge")});
  EXPECT_EQ(json(send("POST", "/v1/images?wait=60", kJpeg)).at("code"), "undecodable");
  EXPECT_EQ(json(send("POST", "/v1/images?wait=60", kJpeg)).at("code"), "over-limit");
  thumbnailer_.fail_next({Status(Code::internal, "ours", "a secret")});
  const HttpResponse ours = send("POST", "/v1/images?wait=60", kJpeg);
  EXPECT_EQ(ours.status, 500);
  EXPECT_THAT(ours.body.to_string().value(), Not(HasSubstr("secret")));
  EXPECT_EQ(json(send("GET", "/v1/dead")).at("images").as_array().size(), 3U);
  EXPECT_EQ(json(send("POST", "/v1/dead/retry")).at("retried"), 3);

  store_.fail_all(Status(Code::unavailable, "away"));
  EXPECT_EQ(send("POST", "/v1/images", kJpeg).status, 503);
  store_.fail_all(Status(Code::exhausted, "full"));
  EXPECT_EQ(send("POST", "/v1/images", kJpeg).status, 507);
  store_.fail_all(Status());
}

}  // namespace
}  // namespace thumbmill
