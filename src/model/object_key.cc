#include "model/object_key.h"

#include <algorithm>

#include "base/ids.h"
#include "base/status.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;

std::string sharded(std::string_view space, std::string_view id, std::string_view suffix = {}) {
  THUMBMILL_CHECK(is_uuid7(id));
  std::string key = shard_prefix(space, id.back());
  key += id;
  key += suffix;
  return key;
}

}  // namespace

std::string shard_prefix(std::string_view space, char shard) {
  std::string prefix(space);
  prefix += '/';
  prefix += shard;
  prefix += '/';
  return prefix;
}

std::string upload_key(std::string_view id) { return sharded(key_space::kUploads, id); }
std::string result_key(std::string_view id) { return sharded(key_space::kResults, id, ".json"); }
std::string original_key(std::string_view id) { return sharded(key_space::kOriginals, id); }
std::string dead_key(std::string_view id) { return sharded(key_space::kDead, id); }
std::string deleted_key(std::string_view id) { return sharded(key_space::kDeleted, id); }
std::string thumbs_prefix(std::string_view id) { return sharded(key_space::kThumbs, id, "/"); }

std::string thumb_key(std::string_view id, std::string_view rendition, ImageFormat format) {
  std::string key = thumbs_prefix(id);
  key += rendition;
  key += '.';
  key += image_format_info(format).extension;
  return key;
}

std::string idempotency_key(std::string_view digest_hex) {
  THUMBMILL_CHECK(!digest_hex.empty());
  std::string key = shard_prefix(key_space::kIdempotency, digest_hex.back());
  key += digest_hex;
  return key;
}

std::optional<std::string> id_from_key(std::string_view key) {
  const std::size_t shard = key.find('/');
  if (shard == std::string_view::npos || shard + 3 > key.size()) return std::nullopt;
  const std::string_view id = key.substr(shard + 3).substr(0, 36);
  if (!is_uuid7(id) || key[shard + 1] != id.back() || key[shard + 2] != '/') return std::nullopt;
  // A copy that somebody put beside ours ("<id>.bak") is not ours.
  const std::string_view rest = key.substr(shard + 3 + id.size());
  if (!rest.empty() && rest != ".json" && rest.front() != '/') return std::nullopt;
  return std::string(id);
}

bool is_object_key(std::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes) return false;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  if (!std::all_of(key.begin(), key.end(), allowed)) return false;
  for (std::size_t start = 0; start <= key.size();) {
    const std::size_t end = std::min(key.find('/', start), key.size());
    const std::string_view component = key.substr(start, end - start);
    if (component.empty() || component == "." || component == "..") return false;
    start = end + 1;
  }
  return true;
}

}  // namespace thumbmill
