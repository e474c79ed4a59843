// What HttpServer refuses: malformed, too slow, too large, too many.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/framing_attacks.h"
#include "net/http_server.h"
#include "net/http_server_fixture.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

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

TEST_F(HttpServerTest, AClientThatSendsTooMuchStillReadsTheAnswer) {
  start();
  const auto response = client_->send("POST", "/", {}, Blob(std::string(3'000'000, 'x')), {});
  ASSERT_TRUE(response.ok()) << response.status().to_string();
  EXPECT_EQ(response->status, 413);
  const auto refused = client_->send("POST", "/refuse", {}, Blob(std::string(900'000, 'x')), {});
  ASSERT_TRUE(refused.ok()) << refused.status().to_string();
  EXPECT_EQ(refused->status, 400);
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

TEST_F(HttpServerTest, ABodyThatNeverBeginsIsCutAfterTheGrace) {
  HttpServerOptions options;
  options.limits.body_grace = std::chrono::milliseconds(20);
  start(options);
  RawConnection silent(server_->port());
  silent.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_THAT(silent.read_all(), StartsWith("HTTP/1.1 408 "));
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

}  // namespace
}  // namespace thumbmill
