#include "base/secret.h"

#include <cerrno>
#include <vector>

#include <openssl/crypto.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/status.h"

namespace thumbmill {

void fill_with_secret(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    // It is interrupted only while the system starts.
    THUMBMILL_CHECK(got > 0 || errno == EINTR);
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

std::string new_secret_hex(std::size_t size_bytes) {
  std::vector<unsigned char> bytes(size_bytes);
  fill_with_secret(bytes);
  return to_hex(bytes);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace thumbmill
