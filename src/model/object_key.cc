#include "model/object_key.h"

#include <algorithm>

#include "base/status.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;

std::string sharded(std::string_view space, const JobId& id, std::string_view suffix = {}) {
  std::string key = shard_prefix(space, id.text().back());
  key += id.text();
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

std::string upload_key(const JobId& id) { return sharded(key_space::kUploads, id); }
std::string result_key(const JobId& id) { return sharded(key_space::kResults, id, ".json"); }
std::string original_key(const JobId& id) { return sharded(key_space::kOriginals, id); }
std::string dead_key(const JobId& id) { return sharded(key_space::kDead, id); }
std::string deleted_key(const JobId& id) { return sharded(key_space::kDeleted, id); }
std::string thumbs_prefix(const JobId& id) { return sharded(key_space::kThumbs, id, "/"); }

std::string thumb_key(const JobId& id, std::string_view rendition, ImageFormat format) {
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

std::optional<JobId> id_from_key(std::string_view key) {
  const std::string_view space = key.substr(0, key.find('/'));
  if (key.size() < space.size() + 3) return std::nullopt;
  const std::string_view name = key.substr(space.size() + 3);
  const std::optional<JobId> id = JobId::parse(name.substr(0, 36));
  if (!id || !key.starts_with(shard_prefix(space, id->text().back()))) return std::nullopt;
  const std::string_view rest = name.substr(id->text().size());
  // A copy that somebody put beside ours ("<id>.bak") is not ours.
  const bool ours = space == key_space::kThumbs    ? rest.size() > 1 && rest.front() == '/'
                    : space == key_space::kResults ? rest == ".json"
                                                   : rest.empty();
  return ours ? id : std::nullopt;
}

bool is_idempotency_key(std::string_view key) {
  constexpr std::size_t kDigestDigits = 64;
  const std::string_view digest = key.substr(key.rfind('/') + 1);
  return digest.size() == kDigestDigits &&
         digest.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         key == idempotency_key(digest);
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
