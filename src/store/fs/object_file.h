// How one object lies in one file: its bytes, and behind them a trailer with content type and
// metadata when these are not what the file's name already says. docs/formats/object-file.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/blob.h"
#include "base/status.h"
#include "model/job.h"

namespace thumbmill {

/// What is kept of an object besides its bytes.
struct ObjectDescription {
  std::string content_type;
  Metadata metadata;
};

/// The content type that a key's extension implies.
std::string_view implied_content_type(std::string_view key);

/// The trailer to write behind `body`, or nothing when the plain bytes under `key` say it all.
/// Bytes that end like a trailer always get one, so that no content can pass for a trailer.
Result<std::string> make_trailer(std::string_view key, const ObjectDescription& description,
                                 const Blob& body);

/// An object's file taken apart.
struct ObjectFile {
  std::uint64_t body_bytes = 0;
  std::optional<ObjectDescription> description;  ///< nothing in a plain file
};

/// Reads the trailer of an open file of `file_bytes` bytes. corrupt_input when it is damaged.
Result<ObjectFile> read_object_file(int fd, std::uint64_t file_bytes);

}  // namespace thumbmill
