// What the tests of HttpServer share: a service that answers with what it was sent, and raw
// connections to it.
#pragma once

#include <atomic>
#include <future>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/temp_file.h"
#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace thumbmill {

// A connection on which a test says exactly what it wants to.
class RawConnection {
 public:
  struct From {
    const char* address = "127.0.0.1";  // any of 127.0.0.0/8 is ours
    int receive_buffer_bytes = 0;       // 0: the system's
  };

  explicit RawConnection(std::uint16_t port) : RawConnection(port, From{}) {}
  RawConnection(std::uint16_t port, const From& from)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (from.receive_buffer_bytes > 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &from.receive_buffer_bytes,
                   sizeof from.receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, from.address, &address.sin_addr);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const int on = 1;  // so that the server sees the pieces that a test sends
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval patience{60, 0};  // a server that says nothing fails the test
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
  }
  /// Sends what the server takes at once, at most `most` times.
  void flood(std::string_view bytes, int most) {
    for (int i = 0; i < most; ++i) {
      if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
    }
  }
  /// What there is, at most `most` bytes; empty when the connection has ended.
  std::string read_some(std::size_t most) {
    std::string bytes(most, '\0');
    const ssize_t got = ::recv(fd_.get(), bytes.data(), most, 0);
    bytes.resize(got > 0 ? std::size_t(got) : 0);
    return bytes;
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

inline HttpResponse text(int status, std::string body) {
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
    std::uint64_t body_limit() const override {
      return request_->path == "/unwanted" ? 0 : 1'000'000;
    }
    WorkKind kind() const override {
      if (request_->path == "/memory") return WorkKind::in_memory;
      return request_->method == "GET" ? WorkKind::read : WorkKind::change;
    }
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
      if (request_->path == "/file" || request_->path == "/file-of-100000") {
        TempFile file = TempFile::create("/tmp").value();
        EXPECT_TRUE(
            file.append(std::string(request_->path == "/file" ? 500'000 : 100'000, 'f')).ok());
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
    ++begun;
    return std::make_unique<Task>(*this, std::move(request));
  }
  HttpResponse reject(int status, std::string_view, std::string_view message,
                      std::string_view) override {
    return text(status, std::string(message));
  }

  std::promise<Responder> later;
  std::promise<std::shared_ptr<HttpStream>> stream;
  std::promise<void> running;
  std::atomic<int> begun = 0;  // requests
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
  RecordingMetrics metrics_;
  RecordingLogger log_;
  EchoService service_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace thumbmill
