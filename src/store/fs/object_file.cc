#include "store/fs/object_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include "base/hash.h"
#include "model/image_format.h"
#include "model/json.h"

namespace thumbmill {
namespace {

constexpr std::string_view kMagic = "TMOBJ\x01\r\n";
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kLengthBytes = 4;
// Behind the JSON text: its checksum, its length (little-endian), the magic.
constexpr std::size_t kFooterBytes = kChecksumBytes + kLengthBytes + kMagic.size();
constexpr std::size_t kMaxJsonBytes = 64 * 1024;

std::string checksum(std::string_view json) {
  const Sha256Digest digest = sha256(json);
  return std::string(digest.begin(), digest.begin() + kChecksumBytes);
}

std::string encode(const ObjectDescription& description) {
  boost::json::object metadata;
  for (const auto& [name, value] : description.metadata) metadata[name] = value;
  boost::json::object root;
  root["type"] = description.content_type;
  root["meta"] = std::move(metadata);
  return boost::json::serialize(root);
}

Status damaged(std::string_view what) {
  return Status(Code::corrupt_input, "a stored object is damaged", std::string(what));
}

Result<ObjectDescription> decode(std::string_view text) {
  ASSIGN_OR_RETURN(const boost::json::object root, json::parse_object(text, "an object's trailer"));
  const auto type = json::get_string(root, "type");
  const boost::json::value* meta = root.if_contains("meta");
  const boost::json::object* metadata = meta == nullptr ? nullptr : meta->if_object();
  if (!type || metadata == nullptr) return damaged("trailer members");
  ObjectDescription description{*type, {}};
  for (const auto& [name, value] : *metadata) {
    const boost::json::string* word = value.if_string();
    if (word == nullptr) return damaged("trailer metadata");
    description.metadata.emplace(name, *word);
  }
  return description;
}

Status read_exactly(int fd, std::uint64_t offset, std::span<char> out) {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return status_from_errno(errno, "reading a stored object");
    if (got == 0) return damaged("file is shorter than it was");
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return Status();
}

Result<bool> ends_like_a_trailer(const Blob& body) {
  if (body.size() < kMagic.size()) return false;
  std::array<char, kMagic.size()> end;
  RETURN_IF_ERROR(body.read(body.size() - end.size(), end));
  return std::string_view(end.data(), end.size()) == kMagic;
}

}  // namespace

std::string_view implied_content_type(std::string_view key) {
  const std::size_t dot = key.find_last_of("./");
  if (dot != std::string_view::npos && key[dot] == '.') {
    const std::string_view extension = key.substr(dot + 1);
    if (extension == "json") return "application/json";
    if (const auto format = image_format_from_extension(extension)) {
      return image_format_info(*format).media_type;
    }
  }
  return "application/octet-stream";
}

Result<std::string> make_trailer(std::string_view key, const ObjectDescription& description,
                                 const Blob& body) {
  ASSIGN_OR_RETURN(const bool looks_like_one, ends_like_a_trailer(body));
  const bool plain =
      description.metadata.empty() && description.content_type == implied_content_type(key);
  if (plain && !looks_like_one) return std::string();
  std::string trailer = encode(description);
  const auto length = static_cast<std::uint32_t>(trailer.size());
  THUMBMILL_CHECK(length <= kMaxJsonBytes);
  trailer += checksum(trailer);
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    trailer.push_back(static_cast<char>(length >> (8 * i)));
  trailer += kMagic;
  return trailer;
}

Result<ObjectFile> read_object_file(int fd, std::uint64_t file_bytes) {
  if (file_bytes < kFooterBytes) return ObjectFile{file_bytes, std::nullopt};
  std::array<char, kFooterBytes> footer;
  RETURN_IF_ERROR(read_exactly(fd, file_bytes - kFooterBytes, footer));
  const std::string_view text(footer.data(), footer.size());
  if (!text.ends_with(kMagic)) return ObjectFile{file_bytes, std::nullopt};
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::uint32_t{static_cast<unsigned char>(text[kChecksumBytes + i])} << (8 * i);
  }
  if (length > kMaxJsonBytes || length > file_bytes - kFooterBytes)
    return damaged("trailer length");
  std::string encoded(length, '\0');
  RETURN_IF_ERROR(read_exactly(fd, file_bytes - kFooterBytes - length, encoded));
  if (checksum(encoded) != text.substr(0, kChecksumBytes)) return damaged("trailer checksum");
  ASSIGN_OR_RETURN(ObjectDescription description, decode(encoded));
  return ObjectFile{file_bytes - kFooterBytes - length, std::move(description)};
}

}  // namespace thumbmill
