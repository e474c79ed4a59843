// TempFile: an unnamed file that bytes are appended to and that then becomes a Blob. Uploads are
// spooled into one, so that a large body needs no memory, and a crash leaves nothing behind: the
// file has no name until an ObjectStore gives it one (open(2), O_TMPFILE).
#pragma once

#include <string>
#include <string_view>

#include "base/blob.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace thumbmill {

/// One thread at a time.
class TempFile {
 public:
  /// Makes an empty file on the file system of `directory`, which must exist, for this user only.
  /// exhausted when the disk is full, unavailable when the directory is gone or cannot be written
  /// to.
  static Result<TempFile> create(const std::string& directory);

  /// Adds bytes at the end. exhausted when the disk is full.
  Status append(std::string_view bytes);

  std::uint64_t size() const { return size_; }

  /// The bytes so far as a blob; the TempFile is empty and unusable afterwards.
  Blob finish();

 private:
  explicit TempFile(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace thumbmill
