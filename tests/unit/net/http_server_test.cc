#include "net/http_server.h"

#include <future>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/temp_file.h"
#include "fakes/quiet.h"
#include "net/framing_attacks.h"
#include "net/http_client.h"

namespace thumbmill {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A connection on which a test says exactly what it wants to.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
  }
  void shut() { ::shutdown(fd_.get(), SHUT_WR); }
  /// Everything until the server closes.
  std::string read_all() {
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = ::recv(fd_.get(), buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, std::size_t(got));
    return all;
  }
  /// Until `end` has come.
  std::string read_until(std::string_view end) {
    std::string all;
    char c;
    while (!all.ends_with(end) && ::recv(fd_.get(), &c, 1, 0) == 1) all.push_back(c);
    return all;
  }

 private:
  UniqueFd fd_;
};

HttpResponse text(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.fields.add("Content-Type", "text/plain");
  response.body = Blob(std::move(body));
  return response;
}

// Answers with what it was sent; paths choose special behaviour.
class EchoService final : public HttpService {
 public:
  class Task final : public HttpTask {
   public:
    Task(EchoService& service, std::shared_ptr<const HttpRequest> request)
        : service_(service), request_(std::move(request)) {}
    std::uint64_t body_limit() const override { return 1'000'000; }
    Status on_body(std::string_view bytes) override {
      if (request_->path == "/refuse") return Status(Code::unsupported, "refused");
      body_ += bytes;
      return Status();
    }
    void run(Responder responder, const OpContext& context) override {
      if (request_->path == "/drop") return;
      if (request_->path == "/throw") throw std::runtime_error("thrown");
      if (request_->path == "/later") {
        service_.later.set_value(responder);
        return;
      }
      if (request_->path == "/stream") {
        service_.stream.set_value(responder.stream(text(200, "begin\n")));
        return;
      }
      if (request_->path == "/until-cut") {
        service_.running.set_value();
        std::promise<void> cut;
        const std::stop_callback on_stop(context.stop, [&] { cut.set_value(); });
        cut.get_future().wait();
        responder.respond(text(503, "cut"));
        return;
      }
      if (request_->path == "/file") {
        TempFile file = TempFile::create("/tmp").value();
        EXPECT_TRUE(file.append(std::string(500'000, 'f')).ok());
        HttpResponse response = text(200, "");
        response.body = file.finish();
        responder.respond(std::move(response));
        return;
      }
      responder.respond(text(200, request_->method + " " + request_->path + " " + body_));
    }
    HttpResponse reject(const Status& failure) override {
      return text(failure.code() == Code::too_large           ? 413
                  : failure.code() == Code::deadline_exceeded ? 408
                                                              : 400,
                  failure.message());
    }

   private:
    EchoService& service_;
    std::shared_ptr<const HttpRequest> request_;
    std::string body_;
  };

  std::unique_ptr<HttpTask> begin(std::shared_ptr<const HttpRequest> request) override {
    return std::make_unique<Task>(*this, std::move(request));
  }
  HttpResponse reject(int status, std::string_view, std::string_view message,
                      std::string_view) override {
    return text(status, std::string(message));
  }

  std::promise<Responder> later;
  std::promise<std::shared_ptr<HttpStream>> stream;
  std::promise<void> running;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpServerOptions options = {}) {
    server_ = HttpServer::start(options, service_, metrics_, log_, clock_, random_).value();
    client_ = HttpClient::create({"127.0.0.1", server_->port(), ""}, clock_);
  }
  HttpResponse get(std::string_view target) {
    return client_->send("GET", target, {}, Blob(), {}).value();
  }
  std::string body(const HttpResponse& response) { return response.body.to_string().value(); }

  SystemClock clock_;
  Random random_{1};
  NoMetrics metrics_;
  NoLogger log_;
  EchoService service_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  const HttpResponse first = get("/hello");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(body(first), "GET /hello ");
  EXPECT_TRUE(first.fields.get("date").has_value());
  EXPECT_TRUE(first.fields.get("x-request-id").has_value());
  HttpFields fields;
  fields.add("X-Request-Id", "mine-1");
  EXPECT_EQ(client_->send("GET", "/", fields, Blob(), {})->fields.get("x-request-id"), "mine-1");
  EXPECT_EQ(body(client_->send("POST", "/p", {}, Blob(std::string("data")), {}).value()),
            "POST /p data");
}

TEST_F(HttpServerTest, HeadHasALengthAndNoBody) {
  start();
  const HttpResponse response = client_->send("HEAD", "/hello", {}, Blob(), {}).value();
  EXPECT_EQ(response.fields.get("content-length"), "12");
  EXPECT_EQ(response.body.size(), 0u);
  EXPECT_EQ(body(get("/next")), "GET /next ");
}

TEST_F(HttpServerTest, SendsFiles) {
  start();
  EXPECT_EQ(body(get("/file")), std::string(500'000, 'f'));
  EXPECT_EQ(body(get("/next")), "GET /next ");
}

TEST_F(HttpServerTest, TakesPipelinedRequestsInTurn) {
  start();
  RawConnection connection(server_->port());
  connection.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
      "3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = connection.read_all();
  EXPECT_LT(all.find("GET /1 "), all.find("POST /2 abc"));
  EXPECT_LT(all.find("POST /2 abc"), all.find("GET /3 "));
}

TEST_F(HttpServerTest, TakesChunkedBodiesHoweverTheyAreCut) {
  start();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, request.size()}) {
    RawConnection connection(server_->port());
    for (std::size_t at = 0; at < request.size(); at += piece)
      connection.send(std::string_view(request).substr(at, piece));
    EXPECT_THAT(connection.read_all(), HasSubstr("POST / abc0123456789"));
  }
}

TEST_F(HttpServerTest, RefusesMalformedChunks) {
  start();
  for (const char* chunks :
       {"g\r\n", "3\r\nabcd\r\n", "3\nabc\r\n", "-1\r\n", "\r\n", "fffffffffffffffff\r\n",
        "3 \r\nabc\r\n", "0\r\nGET / HTTP/1.1\r\n\r\n", "0\r\nX: a\rb\r\n\r\n",
        "0\r\n folded\r\n\r\n"}) {
    RawConnection connection(server_->port());
    connection.send(
        std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") + chunks);
    connection.shut();
    EXPECT_THAT(connection.read_all(), StartsWith("HTTP/1.1 400 ")) << chunks;
  }
}

TEST_F(HttpServerTest, RefusesAndClosesOnEveryFramingAttack) {
  start();
  for (const FramingAttack& attack : framing_attacks()) {
    RawConnection connection(server_->port());
    connection.send(attack.bytes);
    connection.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    connection.shut();
    const std::string answer = connection.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(attack.status) + " "))
        << attack.name;
    EXPECT_THAT(answer, Not(HasSubstr("smuggled"))) << attack.name;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << attack.name;
  }
}

TEST_F(HttpServerTest, ContinuesOnlyWhatItWants) {
  start();
  RawConnection wanted(server_->port());
  wanted.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_THAT(wanted.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  wanted.send("abc");
  EXPECT_THAT(wanted.read_all(), HasSubstr("POST / abc"));
  RawConnection too_large(server_->port());
  too_large.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\nExpect: 100-continue\r\n\r\n");
  too_large.shut();
  EXPECT_THAT(too_large.read_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, AClientThatSendsTooMuchStillReadsTheAnswer) {
  start();
  const auto response = client_->send("POST", "/", {}, Blob(std::string(3'000'000, 'x')), {});
  ASSERT_TRUE(response.ok()) << response.status().to_string();
  EXPECT_EQ(response->status, 413);
  const auto refused = client_->send("POST", "/refuse", {}, Blob(std::string(900'000, 'x')), {});
  ASSERT_TRUE(refused.ok()) << refused.status().to_string();
  EXPECT_EQ(refused->status, 400);
}

TEST_F(HttpServerTest, HandlersThatDoNotAnswerGive500) {
  start();
  EXPECT_EQ(get("/drop").status, 500);
  EXPECT_EQ(get("/throw").status, 500);
  EXPECT_EQ(get("/ok").status, 200);
}

TEST_F(HttpServerTest, AnswersMayComeLaterAndOnce) {
  start();
  auto answer = std::async(std::launch::async, [&] { return get("/later"); });
  Responder responder = service_.later.get_future().get();
  EXPECT_TRUE(responder.respond(text(200, "late")));
  EXPECT_FALSE(responder.respond(text(200, "twice")));
  EXPECT_EQ(body(answer.get()), "late");
}

TEST_F(HttpServerTest, TimedActionsRunAtTheirTimeOrAtTheStop) {
  start();
  auto answer = std::async(std::launch::async,
                           [&] { return client_->send("GET", "/later", {}, Blob(), {}); });
  Responder responder = service_.later.get_future().get();
  responder.at(clock_.now() + std::chrono::hours(1),
               [responder]() mutable { responder.respond(text(200, "time is up")); });
  server_->stop(std::chrono::seconds(5));
  EXPECT_EQ(body(answer.get().value()), "time is up");
}

TEST_F(HttpServerTest, StreamsUntilClosedByEitherSide) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  EXPECT_THAT(connection.read_until("begin\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(stream->send("event\n"));
  EXPECT_EQ(connection.read_until("event\n"), "event\n");
  stream->close();
  EXPECT_EQ(connection.read_all(), "");
  EXPECT_FALSE(stream->send("more"));
}

TEST_F(HttpServerTest, AStreamLearnsThatItsClientHasGone) {
  start();
  auto connection = std::make_unique<RawConnection>(server_->port());
  connection->send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  connection->read_until("begin\n");
  std::promise<void> closed;
  stream->on_closed([&] { closed.set_value(); });
  connection.reset();
  closed.get_future().wait();
}

TEST_F(HttpServerTest, AStreamWhoseClientDoesNotReadIsCut) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  const std::string megabyte(1 << 20, 'x');
  bool open = true;
  for (int i = 0; open && i < 1000; ++i) open = stream->send(megabyte);
  EXPECT_FALSE(open);
}

TEST_F(HttpServerTest, SlowHeadersAndBodiesAreCut) {
  HttpServerOptions options;
  options.limits.header_time = std::chrono::milliseconds(50);
  options.limits.body_time = std::chrono::milliseconds(50);
  start(options);
  RawConnection slow_header(server_->port());
  slow_header.send("GET / HTTP/1.1\r\nHost");
  EXPECT_THAT(slow_header.read_all(), StartsWith("HTTP/1.1 408 "));
  RawConnection slow_body(server_->port());
  slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(slow_body.read_all(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, ABodyBelowTheLeastRateIsCut) {
  HttpServerOptions options;
  options.limits.body_grace = std::chrono::milliseconds(20);
  options.limits.body_rate_bytes = 1'000'000;
  start(options);
  RawConnection slow(server_->port());
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
  EXPECT_THAT(slow.read_all(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, IdleConnectionsAreClosedInSilence) {
  HttpServerOptions options;
  options.limits.idle_time = std::chrono::milliseconds(20);
  start(options);
  RawConnection idle(server_->port());
  EXPECT_EQ(idle.read_all(), "");
}

TEST_F(HttpServerTest, ConnectionsOverTheLimitAreTurnedAway) {
  HttpServerOptions options;
  options.limits.connections = 1;
  start(options);
  get("/first");
  RawConnection second(server_->port());
  EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, ATakenPortIsNamed) {
  start();
  HttpServerOptions options;
  options.port = server_->port();
  const auto second = HttpServer::start(options, service_, metrics_, log_, clock_, random_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::unavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(std::to_string(server_->port())));
}

TEST_F(HttpServerTest, StoppingCutsHandlersThatDoNotEnd) {
  start();
  auto answer = std::async(std::launch::async,
                           [&] { return client_->send("GET", "/until-cut", {}, Blob(), {}); });
  service_.running.get_future().wait();
  server_->stop(std::chrono::milliseconds(1));
  EXPECT_FALSE(client_->send("GET", "/", {}, Blob(), {}).ok());
  answer.wait();
}

TEST_F(HttpServerTest, ManyConnectionsAtOnce) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&, i] {
      const auto client = HttpClient::create({"127.0.0.1", server_->port(), ""}, clock_);
      for (int k = 0; k < 20; ++k) {
        const std::string data(std::size_t(i) * 997, 'd');
        const auto response = client->send("POST", "/x", {}, Blob(data), {});
        if (response.ok() && response->body.to_string().value() == "POST /x " + data) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 50 * 20);
}

}  // namespace
}  // namespace thumbmill
