// KeyTable: the API keys there are and what each may do, read from the text of a keys file
// (docs/formats/api-keys.md). It holds digests, never keys. Reading and watching the file is
// api/key_file.h's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/rate_limit.h"
#include "base/hash.h"
#include "base/status.h"

namespace thumbmill {

/// One key, as the file has it.
struct ApiKey {
  std::string name;
  std::string sha256_hex;  ///< of the key's text
  std::vector<Scope> scopes;
  std::optional<RateLimit> rate;  ///< in place of the settings'; a rate of 0: unlimited

  bool may(Scope needed) const;
};

/// Immutable.
class KeyTable {
 public:
  static constexpr std::size_t kMostKeys = 10'000;
  static constexpr std::size_t kMostSigningKeys = 2;

  KeyTable() = default;

  /// Reads the text of a keys file. invalid_argument, naming the line and what is allowed.
  static Result<KeyTable> parse(std::string_view text);

  /// The key that a client has sent; null when there is none like it. It is looked up by its
  /// digest, so that how long that takes tells nothing about the keys there are: who can make a
  /// digest that begins like another's has still not made the key.
  const ApiKey* find(std::string_view key) const;

  const std::vector<ApiKey>& keys() const { return keys_; }

  /// What URLs are signed with: the first signs, all are accepted. May be empty.
  const std::vector<std::string>& signing_keys() const { return signing_keys_; }

 private:
  std::vector<ApiKey> keys_;
  std::map<std::string, std::size_t, std::less<>> by_prefix_;  // of the digest, to the key's place
  std::vector<std::string> signing_keys_;
};

/// The keys that hold now; null: none are configured, and everybody may do everything.
using KeySource = std::function<std::shared_ptr<const KeyTable>()>;

/// A new key: 256 random bits after a prefix by which scanners for secrets, and people, know it.
/// That much randomness is why a plain SHA-256 may be stored: slow hashes are for what people think
/// of, which can be guessed; these cannot, and so every request need not pay for one.
std::string new_api_key();

/// What the file keeps of a key.
std::string api_key_digest(std::string_view key);

/// Whether `name` may be a key's: 1 to 64 letters, digits, '.', '_' and '-'.
bool is_key_name(std::string_view name);

/// The line that stands for the key in the file, without its end.
std::string key_line(const ApiKey& key);

/// The name of the key that a line of the file stands for; empty for every other line.
std::string_view key_name_of_line(std::string_view line);

}  // namespace thumbmill
