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

class FramingAttackTest : public HttpServerTest,
                          public ::testing::WithParamInterface<FramingAttack> {
 protected:
  // A request that is sent behind the attack must not be read as one: the connection has ended.
  void expect_refusal(const std::string& bytes) {
    start();
    RawConnection connection(server_->port());
    connection.send(bytes);
    connection.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    connection.shut();
    const std::string answer = connection.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
    EXPECT_THAT(answer, Not(HasSubstr("smuggled")));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
  }
};

class HeadAttack : public FramingAttackTest {};
TEST_P(HeadAttack, IsRefusedAndTheConnectionClosed) {
  expect_refusal(std::string(GetParam().bytes));
}
INSTANTIATE_TEST_SUITE_P(Http, HeadAttack, ::testing::ValuesIn(framing_attacks()),
                         [](const auto& attack) { return test_name(attack.param); });

class ChunkAttack : public FramingAttackTest {};
TEST_P(ChunkAttack, IsRefusedAndTheConnectionClosed) {
  expect_refusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                 std::string(GetParam().bytes));
}
INSTANTIATE_TEST_SUITE_P(Http, ChunkAttack, ::testing::ValuesIn(chunk_attacks()),
                         [](const auto& attack) { return test_name(attack.param); });

TEST_F(HttpServerTest, ARefusedBodyIsNotWaitedFor) {
  start();
  // No byte of either body is ever sent.
  for (const char* framing : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    RawConnection connection(server_->port());
    connection.send("POST /unwanted HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" +
                    std::string(framing) + "\r\n\r\n");
    const std::string answer = connection.read_until("\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 ")) << framing;
    connection.shut();
    EXPECT_THAT(connection.read_all(), HasSubstr("Connection: close")) << framing;
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

TEST_F(HttpServerTest, ANewConnectionIsNotWaitedForAsLongAsAKeptOne) {
  HttpServerOptions options;
  options.limits.header_time = std::chrono::milliseconds(500);
  options.limits.idle_time = std::chrono::hours(1);
  start(options);
  RawConnection silent(server_->port());
  EXPECT_EQ(silent.read_all(), "");
  RawConnection kept(server_->port());
  kept.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  kept.read_until("\r\n\r\n");
  // Opened later and closed before: the kept one is still there.
  RawConnection later(server_->port());
  EXPECT_EQ(later.read_all(), "");
  kept.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(kept.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, IdleConnectionsAreClosedInSilence) {
  HttpServerOptions options;
  options.limits.idle_time = std::chrono::milliseconds(20);
  start(options);
  RawConnection idle(server_->port());
  EXPECT_EQ(idle.read_all(), "");
}

}  // namespace
}  // namespace thumbmill
