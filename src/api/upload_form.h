// Receiving an upload's body: files go into unnamed files while their digests are made, small
// fields into memory, both within limits. It does not know what becomes of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/upload_options.h"
#include "base/status.h"
#include "base/temp_file.h"
#include "net/multipart.h"

namespace thumbmill {

struct UploadLimits {
  std::uint64_t max_file_bytes = 0;     ///< of one file (--max-body)
  std::uint64_t max_request_bytes = 0;  ///< of a form with all its files
  std::size_t max_parts = 32;           ///< files and fields of a form
  std::size_t max_field_bytes = 1024;   ///< of one option's value
};

/// One received file, or why there is none.
struct ReceivedFile {
  std::string name;  ///< as the client sent it, any bytes
  Blob body;
  Status status;  ///< a failure of this file alone: over the limit
};

/// Takes one file's bytes. One thread at a time.
class FileSpool {
 public:
  FileSpool(std::string name, std::string directory, std::uint64_t max_bytes)
      : name_(std::move(name)), directory_(std::move(directory)), max_bytes_(max_bytes) {}

  /// exhausted: disk full. unavailable: cannot write. A file over its limit is no failure here, so
  /// that the other files of a form go on: its bytes are dropped.
  Status append(std::string_view bytes);

  ReceivedFile finish();

 private:
  const std::string name_;
  const std::string directory_;
  const std::uint64_t max_bytes_;
  std::uint64_t size_bytes_ = 0;
  std::optional<TempFile> file_;  // made with the first bytes
};

/// An upload's body, of either kind. One thread at a time. The limits outlive it.
class UploadBody {
 public:
  UploadBody(const UploadLimits& limits, std::string directory)
      : limits_(limits), directory_(std::move(directory)) {}
  virtual ~UploadBody() = default;

  /// Takes the next stretch. Its failures are those of FileSpool and of a malformed form.
  virtual Status append(std::string_view bytes) = 0;
  /// Says that the body has ended.
  virtual Status finish() = 0;
  /// The most bytes it takes in all.
  virtual std::uint64_t limit() const = 0;

  std::vector<ReceivedFile> files;
  UploadFields fields;

 protected:
  const UploadLimits& limits_;
  const std::string directory_;
};

/// The body is the file.
std::unique_ptr<UploadBody> raw_upload_body(const UploadLimits& limits, std::string directory);

/// The body is a form (multipart/form-data); `content_type` is the request's. invalid_argument when
/// that is malformed.
Result<std::unique_ptr<UploadBody>> form_upload_body(std::string_view content_type,
                                                     const UploadLimits& limits,
                                                     std::string directory);

}  // namespace thumbmill
