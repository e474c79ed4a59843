// Clients that take their answers slowly or not at all: what they cost, and when they are cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server_fixture.h"
#include "net/server_sockets.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kGetFile = "GET /file HTTP/1.1\r\nHost: a\r\n\r\n";  // 500,000 bytes
constexpr int kSmallBuffer = 4096;
// What the kernel may hold of the answers of a connection whose client reads nothing.
constexpr std::uint64_t kMostUnsentBytes = 192 * 1024;

class SlowReaderTest : public HttpServerTest {
 protected:
  using From = RawConnection::From;

  void start_patient(std::chrono::milliseconds patience) {
    HttpServerOptions options;
    options.limits.idle_time = patience;
    start(options);
  }
  ServerSockets await(const char* what, const std::function<bool(const ServerSockets&)>& enough) {
    return ServerSockets::await(server_->port(), what, enough);
  }
  double cut() const { return metrics_.value(metric::kHttpRejected, {"answer_timeout"}); }
};

TEST_F(SlowReaderTest, AnswersThatNobodyTakesAreBoundedAndEndWithTheConnection) {
  constexpr int kConnections = 20, kRequests = 76;
  start_patient(500ms);
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<RawConnection>(server_->port(),
                                                      From{.receive_buffer_bytes = kSmallBuffer}));
    clients.back()->flood(kGetFile, kRequests);
  }
  std::uint64_t most = 0;
  // The clients are still there; their connections are not, nor is what they did not take.
  await("the connections to be reset", [&](const ServerSockets& sockets) {
    most = std::max(most, sockets.unsent_bytes);
    return sockets.connections == 0;
  });
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, kConnections * kMostUnsentBytes);
  // The first answer was not taken, so no second one was made.
  EXPECT_EQ(service_.begun, kConnections);
  EXPECT_EQ(cut(), kConnections);
}

TEST_F(SlowReaderTest, AnAnswerThatEndsTheConnectionIsNoWayAround) {
  start_patient(200ms);
  RawConnection client(server_->port(), From{.receive_buffer_bytes = kSmallBuffer});
  client.send("GET /file-of-100000 HTTP/1.0\r\n\r\n");
  await("the answer", [](const ServerSockets& sockets) { return sockets.unsent_bytes > 0; });
  await("the reset", [](const ServerSockets& sockets) { return sockets.connections == 0; });
  EXPECT_EQ(cut(), 1);
}

TEST_F(SlowReaderTest, AnAnswerMustBeTakenAtTheLeastRate) {
  HttpServerOptions options;
  options.limits.idle_time = 200ms;
  options.limits.answer_rate_bytes = 1'000'000;
  start(options);
  RawConnection client(server_->port(), From{.receive_buffer_bytes = kSmallBuffer});
  client.flood(kGetFile, 2);
  std::size_t taken = 0;
  for (std::string got; !(got = client.read_some(1000)).empty(); taken += got.size()) {
    std::this_thread::sleep_for(10ms);  // the client's pace: 100 kB a second at most
  }
  EXPECT_LT(taken, 500'000u);
  EXPECT_EQ(cut(), 1);
}

TEST_F(SlowReaderTest, AHalfClosedClientGetsItsWholeAnswer) {
  start_patient(5s);
  RawConnection client(server_->port(), From{.receive_buffer_bytes = kSmallBuffer});
  client.send("GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /never");
  client.shut();
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 500'000u);
  EXPECT_EQ(cut(), 0);
}

TEST_F(SlowReaderTest, AStoppingServerStillSendsWhatItHasAnswered) {
  start_patient(5s);
  RawConnection client(server_->port(), From{.receive_buffer_bytes = kSmallBuffer});
  client.send("GET /file-of-100000 HTTP/1.1\r\nHost: a\r\n\r\n");
  await("the answer", [](const ServerSockets& sockets) { return sockets.unsent_bytes > 0; });
  std::thread stopper([&] { server_->stop(20s); });
  const std::string answer = client.read_all();
  stopper.join();
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 100'000u);
}

TEST_F(SlowReaderTest, AStreamThatNobodyReadsIsCut) {
  start_patient(200ms);
  RawConnection client(server_->port(), From{.receive_buffer_bytes = kSmallBuffer});
  client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::shared_ptr<HttpStream> stream = service_.stream.get_future().get();
  ASSERT_NE(stream, nullptr);
  std::promise<void> closed;
  stream->on_closed([&] { closed.set_value(); });
  // What the kernel takes at once: the stream's sender has nothing left to wait for.
  EXPECT_TRUE(stream->send(std::string(30'000, 'e')));
  ASSERT_EQ(closed.get_future().wait_for(20s), std::future_status::ready);
  await("the reset", [](const ServerSockets& sockets) { return sockets.connections == 0; });
  EXPECT_EQ(cut(), 1);
}

TEST_F(SlowReaderTest, AStreamIsDrainedOnlyAsFarAsItsClientTakesIt) {
  constexpr std::size_t kPage = 16'000;
  start_patient(500ms);
  RawConnection client(server_->port(), From{.receive_buffer_bytes = kSmallBuffer});
  client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::shared_ptr<HttpStream> stream = service_.stream.get_future().get();
  ASSERT_NE(stream, nullptr);
  // Sends without end, a page each time when there is room, as one who replays events does.
  std::atomic<std::size_t> sent = kPage;
  stream->on_drained([&, weak = std::weak_ptr(stream)] {
    if (const auto open = weak.lock(); open && open->send(std::string(kPage, 'e'))) sent += kPage;
  });
  std::promise<void> closed;
  stream->on_closed([&] { closed.set_value(); });
  EXPECT_TRUE(stream->send(std::string(kPage, 'e')));
  ASSERT_EQ(closed.get_future().wait_for(20s), std::future_status::ready);
  await("the reset", [](const ServerSockets& sockets) { return sockets.connections == 0; });
  // What the kernel holds on both sides, what is being written and what waits behind it.
  EXPECT_LE(sent, 128U * 1024);
}

TEST_F(SlowReaderTest, AQuietStreamIsNotCut) {
  start_patient(50ms);
  RawConnection client(server_->port());
  client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::shared_ptr<HttpStream> stream = service_.stream.get_future().get();
  EXPECT_THAT(client.read_until("begin\n"), HasSubstr("200"));
  // Others come and are cut meanwhile, so that there has been time for it.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RawConnection(server_->port()).read_all(), "");
  EXPECT_TRUE(stream->send("event\n"));
  client.read_until("event\n");
  EXPECT_EQ(cut(), 0);
}

}  // namespace
}  // namespace thumbmill
