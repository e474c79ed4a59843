#include "api/key_table.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/secret.h"

namespace thumbmill {
namespace {

constexpr std::string_view kKeyPrefix = "tm_";
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::size_t kPrefixDigits = 16;
constexpr std::uint64_t kMostPerSecond = 1'000'000;
constexpr std::uint64_t kMostBurst = 10'000'000;

Status bad(std::string message) { return Status(Code::invalid_argument, std::move(message)); }

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kSpace = " \t\r";
  for (std::size_t begin = line.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kSpace, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kSpace, end);
  }
  return words;
}

Result<std::vector<Scope>> parse_scopes(std::string_view text) {
  std::vector<Scope> scopes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    const auto scope = scope_from_name(name);
    if (!scope) {
      return bad(fmt::format("scope \"{}\" is not allowed; allowed: {}, separated by commas", name,
                             kScopeNames));
    }
    scopes.push_back(*scope);
    begin = end + 1;
  }
  return scopes;
}

Result<std::uint64_t> parse_number(std::string_view word, std::string_view name,
                                   std::uint64_t least, std::uint64_t most) {
  const std::string_view text = word.substr(name.size());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return bad(fmt::format("\"{}\" is not allowed; allowed: {}{} to {}", word, name, least, most));
  }
  return value;
}

Status parse_extra(std::string_view word, ApiKey& key) {
  if (!key.rate) key.rate = RateLimit();
  if (word.starts_with("rate=")) {
    ASSIGN_OR_RETURN(key.rate->per_second, parse_number(word, "rate=", 0, kMostPerSecond));
    return Status();
  }
  if (word.starts_with("burst=")) {
    ASSIGN_OR_RETURN(key.rate->burst, parse_number(word, "burst=", 1, kMostBurst));
    return Status();
  }
  return bad(
      fmt::format("\"{}\" is not allowed; allowed: rate=REQUESTS_A_SECOND, burst=REQUESTS", word));
}

Result<ApiKey> parse_key(const std::vector<std::string_view>& words) {
  if (words.size() < 4) return bad("a key is: key NAME sha256:DIGEST SCOPE,... [rate=N] [burst=N]");
  ApiKey key;
  key.name = words[1];
  if (!is_key_name(key.name)) {
    return bad(
        fmt::format("the name \"{}\" is not allowed; allowed: 1 to 64 letters, digits, "
                    "'.', '_' and '-'",
                    key.name));
  }
  const bool has_digest = words[2].starts_with(kDigestPrefix);
  key.sha256_hex = words[2].substr(has_digest ? kDigestPrefix.size() : 0);
  // What stands there by mistake may be the key itself: it is not repeated.
  if (!has_digest || !is_digest(key.sha256_hex)) {
    return bad(
        fmt::format("the digest of \"{}\" is none; allowed: sha256: and 64 hexadecimal "
                    "digits in lower case",
                    key.name));
  }
  ASSIGN_OR_RETURN(key.scopes, parse_scopes(words[3]));
  for (std::size_t i = 4; i < words.size(); ++i) RETURN_IF_ERROR(parse_extra(words[i], key));
  if (key.rate && key.rate->per_second == 0 && key.rate->burst > 0) {
    return bad("burst goes with a rate of 1 or more");
  }
  return key;
}

Status in_line(const Status& status, std::size_t line) {
  return Status(status.code(), fmt::format("line {}: {}", line, status.message()));
}

}  // namespace

bool ApiKey::may(Scope needed) const {
  return std::ranges::any_of(scopes, [&](Scope held) { return covers(held, needed); });
}

Result<KeyTable> KeyTable::parse(std::string_view text) {
  KeyTable table;
  std::set<std::string> names;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::vector<std::string_view> words = words_of(text.substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (words.empty() || words.front().starts_with('#')) continue;
    if (words.front() == "sign") {
      if (words.size() != 2 || !is_digest(words[1])) {
        return in_line(bad("a signing key is: sign and 64 hexadecimal digits in lower case"),
                       number);
      }
      if (table.signing_keys_.size() == kMostSigningKeys) {
        return in_line(bad(fmt::format("more than {} signing keys", kMostSigningKeys)), number);
      }
      table.signing_keys_.emplace_back(words[1]);
      continue;
    }
    if (words.front() != "key") {
      return in_line(bad("a line begins with key, sign or #"), number);
    }
    Result<ApiKey> key = parse_key(words);
    if (!key.ok()) return in_line(key.status(), number);
    if (!names.insert(key->name).second) {
      return in_line(bad(fmt::format("there is a key \"{}\" already", key->name)), number);
    }
    const std::string prefix = key->sha256_hex.substr(0, kPrefixDigits);
    if (!table.by_prefix_.emplace(prefix, table.keys_.size()).second) {
      return in_line(bad("there is a key with this digest already"), number);
    }
    if (table.keys_.size() == kMostKeys) {
      return in_line(bad(fmt::format("more than {} keys", kMostKeys)), number);
    }
    table.keys_.push_back(*std::move(key));
  }
  return table;
}

const ApiKey* KeyTable::find(std::string_view key) const {
  const std::string digest = api_key_digest(key);
  const auto found = by_prefix_.find(std::string_view(digest).substr(0, kPrefixDigits));
  if (found == by_prefix_.end()) return nullptr;
  const ApiKey& candidate = keys_[found->second];
  return equal_in_constant_time(candidate.sha256_hex, digest) ? &candidate : nullptr;
}

std::string new_api_key() { return std::string(kKeyPrefix) + new_secret_hex(32); }

std::string api_key_digest(std::string_view key) { return to_hex(sha256(key)); }

bool is_key_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string key_line(const ApiKey& key) {
  std::vector<std::string_view> scopes;
  for (const Scope scope : key.scopes) scopes.push_back(scope_name(scope));
  std::string line = fmt::format("key {} {}{} {}", key.name, kDigestPrefix, key.sha256_hex,
                                 fmt::join(scopes, ","));
  if (key.rate) line += fmt::format(" rate={}", key.rate->per_second);
  if (key.rate && key.rate->burst > 0) line += fmt::format(" burst={}", key.rate->burst);
  return line;
}

std::string_view key_name_of_line(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  return words.size() > 1 && words.front() == "key" ? words[1] : std::string_view();
}

}  // namespace thumbmill
