// CurlTransport against servers that do exactly what a test says.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/temp_file.h"
#include "s3_stand_in.h"
#include "silent_name_server.h"
#include "store/s3/curl_transport.h"
#include "temp_directory.h"

namespace thumbmill::s3 {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Received = StandInServer::Received;

/// A listening socket, whose connections a test serves byte by byte.
class RawServer {
 public:
  RawServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  UniqueFd accept() { return UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  /// The head of the next request; empty when the client has closed.
  static std::string read_head(const UniqueFd& connection) {
    std::string head;
    for (char c; !head.ends_with("\r\n\r\n") && ::recv(connection.get(), &c, 1, 0) == 1;) head += c;
    return head;
  }
  static void write(const UniqueFd& connection, std::string_view bytes) {
    EXPECT_EQ(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  UniqueFd listener_;
  std::uint16_t port_ = 0;
};

class CurlTransportTest : public ::testing::Test {
 protected:
  Result<HttpAnswer> get(const std::string& url) {
    return transport_.send({.method = "GET", .url = url}, {});
  }

  TempDirectory directory_;
  SystemClock clock_;
  CurlTransport transport_{clock_, directory_.path()};
};

TEST_F(CurlTransportTest, SendsAndReceivesAllParts) {
  StandInServer server([](const Received& received) {
    HttpResponse response =
        StandInServer::text(received.head.method == "GET" ? 404 : 201,
                            received.head.method + " " + received.head.path + " " + received.body);
    response.fields.add("X-Seen", received.field("x-meta") + "|" + received.field("x-empty") + "|" +
                                      received.field("expect") + "|" +
                                      received.field("content-length"));
    return response;
  });
  const Blob body(std::string("body"));
  const HttpAnswer put = transport_
                             .send({.method = "PUT",
                                    .url = server.url() + "/a%20b/c",
                                    .headers = {{"x-meta", "a: b"}, {"x-empty", ""}},
                                    .body = &body},
                                   {})
                             .value();
  EXPECT_EQ(put.status, 201);
  EXPECT_EQ(put.body.to_string().value(), "PUT /a b/c body");
  EXPECT_EQ(put.header("x-seen"), "a: b||none|4");
  EXPECT_FALSE(put.header("absent"));
  const HttpAnswer absent = get(server.url() + "/x").value();
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.body.to_string().value(), "GET /x ");
  const HttpAnswer head =
      transport_.send({.method = "HEAD", .url = server.url() + "/"}, {}).value();
  EXPECT_EQ(head.header("content-length"), "7");
  EXPECT_EQ(head.body.size(), 0u);
  const Blob nothing;
  const HttpCall empty{.method = "PUT", .url = server.url() + "/e", .body = &nothing};
  EXPECT_THAT(std::string(transport_.send(empty, {})->header("x-seen").value()), HasSubstr("|0"));
  const HttpCall removal{.method = "DELETE", .url = server.url() + "/d"};
  EXPECT_EQ(transport_.send(removal, {})->body.to_string().value(), "DELETE /d ");
}

TEST_F(CurlTransportTest, LargeBodiesGoThroughFilesBothWays) {
  StandInServer server([](const Received& received) {
    return StandInServer::text(200, std::string(received.body.rbegin(), received.body.rend()));
  });
  std::string bytes(3'000'000, 'a');
  bytes.back() = 'z';
  TempFile file = TempFile::create(directory_.path()).value();
  ASSERT_TRUE(file.append(bytes).ok());
  const Blob body = file.finish();
  HttpCall call{.method = "PUT", .url = server.url() + "/", .body = &body};
  const HttpAnswer answer = transport_.send(call, {}).value();
  EXPECT_GE(answer.body.fd(), 0);
  EXPECT_EQ(answer.body.to_string().value(), std::string(bytes.rbegin(), bytes.rend()));
  call.most_bytes = bytes.size() - 1;
  EXPECT_EQ(transport_.send(call, {}).status().code(), Code::too_large);
}

TEST_F(CurlTransportTest, KeepsItsConnectionAndOpensAnotherWhenItIsGone) {
  RawServer server;
  std::thread serving([&] {
    for (int connections = 0; connections < 2; ++connections) {
      const UniqueFd connection = server.accept();
      for (int requests = 0; requests < 2; ++requests) {
        EXPECT_THAT(RawServer::read_head(connection), HasSubstr("GET / HTTP/1.1\r\n"));
        RawServer::write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      }
    }
  });
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get(server.url())->body.to_string().value(), "ok");
  serving.join();
}

TEST_F(CurlTransportTest, FailuresOfTheConnectionAreUnavailable) {
  RawServer server;
  std::thread serving([&] {
    for (const char* answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
          "HTTP/1.1 200 OK\r\nContent-Le", "no HTTP at all\r\n\r\n"}) {
      const UniqueFd connection = server.accept();
      RawServer::read_head(connection);
      RawServer::write(connection, answer);
    }
    const UniqueFd connection = server.accept();
    RawServer::read_head(connection);
    const linger reset{1, 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  });
  for (int i = 0; i < 5; ++i) {
    const Status failure = get(server.url()).status();
    EXPECT_EQ(failure.code(), Code::unavailable) << i;
    EXPECT_NE(failure.detail(), "") << i;
  }
  serving.join();
  EXPECT_EQ(get("http://127.0.0.1:1/").status().code(), Code::unavailable);
}

TEST_F(CurlTransportTest, AServerThatDoesNotAnswerIsUnavailable) {
  RawServer server;
  HttpCall call{.method = "GET", .url = server.url()};
  call.times.first_byte = milliseconds(30);
  const Status failure = transport_.send(call, {}).status();
  EXPECT_EQ(failure.code(), Code::unavailable);
  EXPECT_THAT(failure.detail(), HasSubstr("no answer within 30 ms"));
  const Blob body(std::string(100'000, 'x'));
  call.method = "PUT";
  call.body = &body;
  EXPECT_THAT(transport_.send(call, {}).status().detail(), HasSubstr("no answer within 30 ms"));
}

// The peer's kernel takes the bytes, its program reads none: the request has not been sent yet, so
// that it is not the first byte that is late.
TEST_F(CurlTransportTest, ABodyThatIsNotTakenRunsIntoTheWholeTime) {
  RawServer server;
  const Blob body(std::string(20'000'000, 'x'));
  HttpCall call{.method = "PUT", .url = server.url(), .body = &body};
  call.times.first_byte = milliseconds(30);
  call.times.whole = milliseconds(300);
  const Status failure = transport_.send(call, {}).status();
  EXPECT_EQ(failure.code(), Code::unavailable);
  EXPECT_THAT(failure.detail(), HasSubstr("(28)"));
}

TEST_F(CurlTransportTest, HeedsDeadlineAndStop) {
  RawServer server;
  const HttpCall call{.method = "GET", .url = server.url()};
  EXPECT_EQ(transport_.send(call, {.deadline = clock_.now() + milliseconds(30)}).status().code(),
            Code::deadline_exceeded);
  std::stop_source stop;
  auto stopped = std::async(std::launch::async, [&] {
    return transport_.send(call, {.stop = stop.get_token()}).status().code();
  });
  const UniqueFd first = server.accept();  // of the call before, or of this one
  stop.request_stop();
  EXPECT_EQ(stopped.get(), Code::cancelled);
}

TEST_F(CurlTransportTest, ASilentNameServerIsNotWaitedFor) {
  std::promise<Result<HttpAnswer>> answer;
  std::thread caller([&] {
    SilentNameServer server;
    if (!server.start()) {
      answer.set_value(Status(Code::not_found, "a name server of its own needs root"));
      return;
    }
    const HttpCall call{.method = "GET", .url = "http://store/"};
    answer.set_value(transport_.send(call, {.deadline = clock_.now() + milliseconds(100)}));
  });
  std::future<Result<HttpAnswer>> future = answer.get_future();
  EXPECT_EQ(future.wait_for(std::chrono::seconds(SilentNameServer::kSeconds / 2)),
            std::future_status::ready);
  caller.join();
  const Status status = future.get().status();
  if (status.code() == Code::not_found) GTEST_SKIP() << status.message();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
}

TEST_F(CurlTransportTest, ManyThreadsAtOnce) {
  StandInServer server(
      [](const Received& received) { return StandInServer::text(200, received.head.path); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        const std::string path = "/" + std::to_string(i) + "-" + std::to_string(k);
        EXPECT_EQ(get(server.url() + path)->body.to_string().value(), path);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CurlTransportTest, ChecksCertificates) {
  const std::string key = directory_.path() + "/key.pem";
  const std::string certificate = directory_.path() + "/certificate.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=test -addext subjectAltName=IP:127.0.0.1 -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "openssl is not installed";
  // Ends after the two connections below, or when they do not come.
  const std::string serve =
      "timeout 60 openssl s_server -accept 127.0.0.1:0 -naccept 2 -www -key " + key + " -cert " +
      certificate + " 2>/dev/null";
  FILE* server = ::popen(serve.c_str(), "r");
  ASSERT_NE(server, nullptr);
  std::array<char, 256> line{};
  int port = 0;
  while (port == 0 && std::fgets(line.data(), line.size(), server) != nullptr)
    std::sscanf(line.data(), "ACCEPT 127.0.0.1:%d", &port);
  const std::string url = "https://127.0.0.1:" + std::to_string(port) + "/";
  const Status refused = get(url).status();
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_THAT(refused.detail(), HasSubstr("certificate"));
  CurlTransport trusting(clock_, directory_.path(), certificate);
  const Result<HttpAnswer> answer = trusting.send({.method = "GET", .url = url}, {});
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->status, 200);
  ::pclose(server);
}

TEST_F(CurlTransportTest, RefusesOtherProtocols) {
  EXPECT_FALSE(get("file:///etc/passwd").ok());
  EXPECT_FALSE(get("ftp://127.0.0.1/").ok());
}

// libcurl repeats what it does not understand of a proxy's URL.
TEST_F(CurlTransportTest, ProxiesPasswordsAreNotRepeated) {
  for (const char* proxy : {"foo://user:xyzzy@127.0.0.1:1", "http://user:xyzzy@127.0.0.1:port",
                            "http://user:xyzzy", "http://user:xy/zzy@127.0.0.1:1"}) {
    ::setenv("http_proxy", proxy, 1);
    const auto answer = get("http://storage.invalid/");
    ::unsetenv("http_proxy");
    ASSERT_FALSE(answer.ok()) << proxy;
    EXPECT_THAT(answer.status().detail(), Not(HasSubstr("zzy"))) << proxy;
    EXPECT_THAT(answer.status().detail(), HasSubstr("proxy")) << proxy;
  }
}

}  // namespace
}  // namespace thumbmill::s3
