#include "base/temp_file.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/write_all.h"

namespace thumbmill {
namespace {

// What clients are told says nothing of where files are. A directory that is gone is no "not found"
// of theirs.
Status spool_failure(int error, const std::string& where) {
  const Status failure = status_from_errno(error, where);
  const std::string detail = "spooling an upload, " + where + ": " + failure.detail();
  if (failure.code() == Code::exhausted)
    return Status(Code::exhausted, "there is no room for the upload", detail);
  return Status(Code::unavailable, "the upload cannot be stored now", detail);
}

}  // namespace

Result<TempFile> TempFile::create(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.valid()) return spool_failure(errno, "in " + directory);
  return TempFile(std::move(fd));
}

Status TempFile::append(std::string_view bytes) {
  if (const int error = write_all(fd_.get(), bytes); error != 0) {
    return spool_failure(error, "writing");
  }
  size_ += bytes.size();
  return Status();
}

Blob TempFile::finish() {
  const std::uint64_t size = std::exchange(size_, 0);
  return Blob::from_file(std::move(fd_), 0, size);
}

}  // namespace thumbmill
