// A name server that never answers, for the look-ups of this thread and of those that it starts.
#pragma once

#include <fstream>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "temp_directory.h"

namespace thumbmill {

/// For the rest of the thread's life: it gets a mount namespace of its own, with another
/// /etc/resolv.conf. Needs root.
class SilentNameServer {
 public:
  /// Whether it is in place.
  bool start() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = ::inet_addr(kAddress);
    // Several tests may have it at once.
    const int yes = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return false;
    }
    std::ofstream(directory_.path() + "/resolv.conf")
        << "nameserver " << kAddress << "\noptions timeout:" << kSeconds << " attempts:1\n";
    std::ofstream(directory_.path() + "/nsswitch.conf") << "hosts: files dns\n";
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           replace("resolv.conf") && replace("nsswitch.conf");
  }

  /// So long does a look-up take without an answer.
  static constexpr int kSeconds = 30;

 private:
  static constexpr const char* kAddress = "127.53.53.53";

  bool replace(const std::string& name) const {
    return ::mount((directory_.path() + "/" + name).c_str(), ("/etc/" + name).c_str(), nullptr,
                   MS_BIND, nullptr) == 0;
  }

  UniqueFd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  TempDirectory directory_;
};

}  // namespace thumbmill
