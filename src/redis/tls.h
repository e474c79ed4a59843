// TLS on a connection's socket, by OpenSSL: hiredis has none before version 1.0 (Debian 12's is
// 0.14), and later ones do not compare the certificate's name with the host's. redis/connection
// only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"
#include "redis/options.h"

struct ssl_st;

namespace thumbmill {

/// A TLS session. One thread at a time. The socket outlives it and stays its owner's; a write to
/// one that the peer has closed raises SIGPIPE. After a failure it is of no more use.
class RedisTls {
 public:
  /// Begins TLS on a socket just connected: the server's certificate must be valid for
  /// `address.host` and signed by options.ca_file or the system's authorities. The socket's
  /// time-outs hold. unavailable.
  static Result<std::unique_ptr<RedisTls>> begin(int socket, const RedisAddress& address,
                                                 const RedisOptions& options);
  /// Whether the server at the other end of a socket just connected begins TLS, with whatever
  /// certificate. The socket is of no use afterwards.
  static bool is_spoken(int socket);
  ~RedisTls();
  RedisTls(const RedisTls&) = delete;
  RedisTls& operator=(const RedisTls&) = delete;

  /// Sends all of `bytes`. unavailable.
  Status write(std::string_view bytes);

  /// Waits for bytes of the server and returns how many they are, at least one. unavailable; also
  /// when the server has closed the connection.
  Result<std::size_t> read(std::span<char> into);

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };
  using Session = std::unique_ptr<ssl_st, Free>;

  RedisTls(Session session, RedisAddress address);
  Status failure(std::string_view doing, int returned) const;

  Session session_;
  RedisAddress address_;
};

}  // namespace thumbmill
