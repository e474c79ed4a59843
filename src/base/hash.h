// SHA-256 and SHA-1 (FIPS 180-4) and HMAC by OpenSSL, and digests as text.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace thumbmill {

using Sha256Digest = std::array<unsigned char, 32>;

Sha256Digest sha256(std::string_view bytes);

/// HMAC-SHA256 of `bytes` (RFC 2104). The key may have any length.
Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);

/// A digest's bytes as text's, to be a key of hmac_sha256 in turn. Borrows.
inline std::string_view as_text(std::span<const unsigned char> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(std::span<const unsigned char> bytes);

/// The SHA-1 of `bytes` in lower-case hexadecimal: a name where a protocol asks for it (Redis
/// scripts), never a protection.
std::string sha1_hex(std::string_view bytes);

/// Lower-case hexadecimal.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace thumbmill
