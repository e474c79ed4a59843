// How many connections there may be, of one address and of all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server_fixture.h"
#include "net/server_sockets.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kAttacker = "127.0.0.66";
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class ConnectionsTest : public HttpServerTest {
 protected:
  using From = RawConnection::From;

  void start_with(std::size_t all, std::size_t per_address, std::string_view exempt = "") {
    HttpServerOptions options;
    options.limits.connections = all;
    options.limits.connections_per_address = per_address;
    options.limits.exempt_addresses = AddressSet::parse(exempt).value();
    // Nothing here is cut for its slowness.
    options.limits.header_time = options.limits.idle_time = 1h;
    start(options);
  }
  // A client that has said something, and is being waited for.
  std::unique_ptr<RawConnection> slow(const char* address) {
    auto connection = std::make_unique<RawConnection>(server_->port(), From{.address = address});
    connection->send("GET /slow HT");
    return connection;
  }
  std::string ask(const char* address) {
    RawConnection connection(server_->port(), From{.address = address});
    connection.send("GET / HTTP/1.0\r\n\r\n");
    return connection.read_all();
  }
  double refused(std::string_view reason) const {
    return metrics_.value(metric::kHttpRejected, {reason});
  }
};

TEST_F(ConnectionsTest, OverTheLimitAreTurnedAway) {
  start_with(1, 0);
  get("/first");
  RawConnection second(server_->port());
  EXPECT_THAT(second.read_all(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: "),
                                       HasSubstr("max-connections (1)")));
  EXPECT_EQ(refused("too_many_connections"), 1);
}

TEST_F(ConnectionsTest, SlowOnesOfOneAddressLeaveRoomForOthers) {
  start_with(6, 4);
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 4; ++i) held.push_back(slow(kAttacker));
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(slow(kAttacker)->read_all(),
                AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("Connection: close"),
                      HasSubstr("max-connections-per-address (4)")));
  }
  EXPECT_THAT(ask("127.0.0.1"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("127.0.0.2"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(refused("too_many_of_address"), 20);
  EXPECT_THAT(log_.warnings(), SizeIs(1)) << "one line, not one for each";
}

TEST_F(ConnectionsTest, OneThatEndsMakesRoom) {
  start_with(6, 2);
  const auto first = slow(kAttacker);
  auto second = slow(kAttacker);
  EXPECT_THAT(ask(kAttacker), StartsWith("HTTP/1.1 429 "));
  second.reset();
  ServerSockets::await(server_->port(), "the second to end",
                       [](const ServerSockets& sockets) { return sockets.connections == 1; });
  // The kernel has let go of it before the server has taken it off its count.
  std::string answer;
  const auto end = std::chrono::steady_clock::now() + 20s;
  do {
    answer = ask(kAttacker);
  } while (answer.starts_with("HTTP/1.1 429 ") && std::chrono::steady_clock::now() < end);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
}

TEST_F(ConnectionsTest, ExemptAddressesAndZeroHaveNoLimitOfTheirOwn) {
  start_with(8, 1, "127.0.0.64/26");
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 3; ++i) held.push_back(slow(kAttacker));
  EXPECT_THAT(ask(kAttacker), StartsWith("HTTP/1.1 200 "));
  held.clear();
  start_with(8, 0);
  for (int i = 0; i < 3; ++i) held.push_back(slow(kAttacker));
  EXPECT_THAT(ask(kAttacker), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace thumbmill
