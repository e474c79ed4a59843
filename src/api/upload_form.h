// Receiving an upload's body: files go into unnamed files while their digests are made, small
// fields into memory, both within limits. It does not know what becomes of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/upload_options.h"
#include "base/disk_reserve.h"
#include "base/status.h"
#include "base/temp_file.h"
#include "net/multipart.h"

namespace thumbmill {

/// How many files all uploads together may have spooled. Each is a descriptor, and a form has many:
/// without a limit a few slow clients would leave none to accept connections with. Thread-safe;
/// outlives its places.
class SpoolPlaces {
 public:
  explicit SpoolPlaces(std::size_t most) : most_(most) {}

  /// One file's right to be there, until it goes.
  class Place {
   public:
    explicit Place(SpoolPlaces& places) : places_(places) {}
    ~Place() { --places_.taken_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    SpoolPlaces& places_;
  };

  /// A place; unavailable when all are taken.
  Result<std::unique_ptr<Place>> take();

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_ = 0;
};

struct UploadLimits {
  /// Where spooled files are counted, of all requests; outlives them. Null: they are not.
  SpoolPlaces* spool_places = nullptr;
  /// What files leave free where they are spooled; outlives the uploads. Null: nothing.
  const DiskReserve* disk_reserve = nullptr;
  std::uint64_t max_file_bytes = 0;     ///< of one file (--max-body)
  std::uint64_t max_request_bytes = 0;  ///< of a form with all its files
  std::size_t max_parts = 32;           ///< files and fields of a form
  std::size_t max_field_bytes = 1024;   ///< of one option's value
};

/// One received file, or why there is none.
struct ReceivedFile {
  std::string name;  ///< as the client sent it, any bytes
  Blob body;
  Status status;                                   ///< a failure of this file alone: over the limit
  std::unique_ptr<SpoolPlaces::Place> place = {};  ///< that the body has; null when there is none
};

/// Takes one file's bytes. One thread at a time.
class FileSpool {
 public:
  /// The limits outlive it.
  FileSpool(std::string name, std::string directory, const UploadLimits& limits)
      : name_(std::move(name)), directory_(std::move(directory)), limits_(limits) {}

  /// exhausted: disk full but for the reserve. unavailable: cannot write, or no place. A file over
  /// its limit is no failure here, so that the other files of a form go on: its bytes are dropped.
  Status append(std::string_view bytes);

  ReceivedFile finish();

 private:
  const std::string name_;
  const std::string directory_;
  const UploadLimits& limits_;
  std::uint64_t size_bytes_ = 0;
  std::unique_ptr<SpoolPlaces::Place> place_;  // of the file
  std::optional<TempFile> file_;               // made with the first bytes
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
