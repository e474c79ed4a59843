#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/status.h"

namespace thumbmill {

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest{};
  THUMBMILL_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  Sha256Digest digest{};
  unsigned int length = 0;
  const unsigned char* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   bytes.size(), digest.data(), &length);
  THUMBMILL_CHECK(made != nullptr && length == digest.size());
  return digest;
}

std::string to_base64(std::span<const unsigned char> bytes) {
  // EVP_EncodeBlock writes a NUL behind the text, where std::string has one.
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  THUMBMILL_CHECK(static_cast<std::size_t>(length) == text.size());
  return text;
}

std::string sha1_hex(std::string_view bytes) {
  std::array<unsigned char, 20> digest{};
  THUMBMILL_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr) == 1);
  return to_hex(digest);
}

std::string to_hex(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace thumbmill
