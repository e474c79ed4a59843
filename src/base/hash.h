// SHA-256 and SHA-1 (FIPS 180-4) by OpenSSL, and hexadecimal text.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace thumbmill {

using Sha256Digest = std::array<unsigned char, 32>;

/// A running SHA-256. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);

  /// The digest of all bytes so far; the object must not be used afterwards.
  Sha256Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// The digest of `bytes` in one call.
Sha256Digest sha256(std::string_view bytes);

/// The SHA-1 of `bytes` in lower-case hexadecimal: a name where a protocol asks for it (Redis
/// scripts), never a protection.
std::string sha1_hex(std::string_view bytes);

/// Lower-case hexadecimal.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace thumbmill
