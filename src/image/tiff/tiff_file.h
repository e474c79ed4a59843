// A TIFF's bytes in memory, opened with libtiff. Nothing is read from or written to anywhere else,
// and libtiff's messages go nowhere: what they say is of no use to a client. Together with
// layout.cc and segments.cc the only place with libtiff.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct tiff;  // libtiff's TIFF

namespace thumbmill::tiff {

/// One thread at a time. The bytes are borrowed.
class TiffFile {
 public:
  /// Reads the first page's directory. Null when libtiff cannot. `most_bytes_at_once` is the
  /// largest piece of memory that libtiff may take.
  static std::unique_ptr<TiffFile> open(std::string_view bytes, std::uint64_t most_bytes_at_once);
  ~TiffFile();
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  struct ::tiff* get() const {
    return handle_;
  }

 private:
  explicit TiffFile(std::string_view bytes) : bytes_(bytes) {}

  struct Callbacks;

  const std::string_view bytes_;
  std::uint64_t position_ = 0;
  struct ::tiff* handle_ = nullptr;
};

}  // namespace thumbmill::tiff
