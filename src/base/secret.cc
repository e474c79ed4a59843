#include "base/secret.h"

#include <vector>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/hash.h"
#include "base/status.h"

namespace thumbmill {

std::string new_secret_hex(std::size_t size_bytes) {
  std::vector<unsigned char> bytes(size_bytes);
  THUMBMILL_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return to_hex(bytes);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace thumbmill
