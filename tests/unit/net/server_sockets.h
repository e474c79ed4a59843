// What the kernel keeps for a server's connections, whether a program still has them or not.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace thumbmill {

/// Of all connections from a port of this machine, by /proc/net/tcp (proc(5)).
struct ServerSockets {
  std::size_t connections = 0;     ///< not closed in an orderly way
  std::uint64_t unsent_bytes = 0;  ///< that their clients have not taken
  std::uint64_t unread_bytes = 0;  ///< that the server has not read

  static ServerSockets of(std::uint16_t port) {
    constexpr unsigned kTimeWait = 6, kListen = 10;  // include/net/tcp_states.h
    ServerSockets sockets;
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
      unsigned local_port = 0, state = 0;
      unsigned long long unsent = 0, unread = 0;
      const int found = std::sscanf(line.c_str(), "%*d: %*8x:%4x %*8x:%*4x %2x %llx:%llx",
                                    &local_port, &state, &unsent, &unread);
      if (found != 4 || local_port != port || state == kTimeWait || state == kListen) continue;
      ++sockets.connections;
      sockets.unsent_bytes += unsent;
      sockets.unread_bytes += unread;
    }
    return sockets;
  }

  /// Looks again and again until `enough` says so; fails the test after 20 s.
  static ServerSockets await(std::uint16_t port, const char* what,
                             const std::function<bool(const ServerSockets&)>& enough) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    ServerSockets sockets = of(port);
    while (!enough(sockets) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      sockets = of(port);
    }
    EXPECT_TRUE(enough(sockets)) << "waited 20 s for " << what << ": " << sockets.connections
                                 << " connections, " << sockets.unsent_bytes << " bytes unsent, "
                                 << sockets.unread_bytes << " unread";
    return sockets;
  }
};

}  // namespace thumbmill
