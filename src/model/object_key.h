// Keys of stored objects: docs/formats/keys.md. Sixteen fixed shards, by the last digit of the id,
// keep every prefix short to list and none of them hot.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "model/image_format.h"

namespace thumbmill {

/// The shards' names, in byte order.
inline constexpr std::string_view kShards = "0123456789abcdef";

/// What is kept under which first key component.
namespace key_space {
inline constexpr std::string_view kUploads = "uploads";          ///< originals of unfinished jobs
inline constexpr std::string_view kThumbs = "thumbs";            ///< renditions
inline constexpr std::string_view kResults = "results";          ///< terminal states
inline constexpr std::string_view kOriginals = "originals";      ///< originals kept after the job
inline constexpr std::string_view kDead = "dead";                ///< originals of failed jobs
inline constexpr std::string_view kIdempotency = "idempotency";  ///< Idempotency-Key to id
inline constexpr std::string_view kDeleted = "deleted";  ///< jobs deleted before they had ended
}  // namespace key_space

std::string upload_key(const JobId& id);
std::string result_key(const JobId& id);
std::string original_key(const JobId& id);
std::string dead_key(const JobId& id);
std::string deleted_key(const JobId& id);
/// All renditions of a job lie below this prefix, which ends in '/'.
std::string thumbs_prefix(const JobId& id);
std::string thumb_key(const JobId& id, std::string_view rendition, ImageFormat format);
/// `digest_hex` is the SHA-256 of the client's key in hexadecimal: the key itself never gets here.
std::string idempotency_key(std::string_view digest_hex);

/// "<space>/<shard>/": the prefix of one shard, for listing.
std::string shard_prefix(std::string_view space, char shard);

/// The id in a key that one of the functions above has made; nothing for any other key.
std::optional<JobId> id_from_key(std::string_view key);

/// Whether idempotency_key() has made a key.
bool is_idempotency_key(std::string_view key);

/// True for keys an ObjectStore takes: 1 to 512 bytes of [a-zA-Z0-9._/-], components neither empty
/// nor "." nor "..".
bool is_object_key(std::string_view key);

}  // namespace thumbmill
