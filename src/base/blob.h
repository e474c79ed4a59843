// Blob: immutable bytes that can be read again from the start as often as needed, held in memory or
// in a file. It is what goes into and comes out of an ObjectStore, what an upload is spooled to,
// and what a decoder is handed: a retry or a range needs no second copy, and a large upload no
// memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/unique_fd.h"

namespace thumbmill {

class BlobView;

/// Immutable; copies share the bytes; thread-safe (file reads are positional).
class Blob {
 public:
  /// No bytes.
  Blob() : Blob(std::string()) {}

  /// Takes bytes held in memory.
  explicit Blob(std::string bytes);

  /// The `size` bytes from `offset` of a file that nobody changes any more. Takes the descriptor.
  static Blob from_file(UniqueFd fd, std::uint64_t offset, std::uint64_t size);

  std::uint64_t size() const { return size_; }

  /// The part [offset, offset + size), sharing the bytes. Out of range is a bug of the caller's.
  Blob slice(std::uint64_t offset, std::uint64_t size) const;

  /// Fills `out` from `offset`; the whole of `out` must lie inside. unavailable on an I/O error.
  Status read(std::uint64_t offset, std::span<char> out) const;

  /// All bytes as a string. For small blobs. unavailable on an I/O error.
  Result<std::string> to_string() const;

  /// Where the bytes lie if they are in a file: fd() is borrowed and valid while a copy of the Blob
  /// lives, file_offset() is where this blob's first byte is. fd() is -1 for bytes in memory.
  int fd() const;
  std::uint64_t file_offset() const { return offset_; }

  /// The bytes if they are in memory; empty when in a file (see fd()).
  std::string_view memory() const;

  /// All bytes as one stretch of memory, mapped when they are in a file. unavailable when the file
  /// cannot be mapped. Cheap for any size; pages of a file are read when touched.
  Result<BlobView> view() const;

  /// A blob with the same bytes in a memfd, sealed against any change (memfd_create(2), fcntl(2)
  /// F_SEAL_*). exhausted when the system has no memory or descriptors left.
  Result<Blob> to_memfd(const char* name) const;

 private:
  struct Storage;
  std::shared_ptr<const Storage> storage_;  // shared by all copies and slices of this blob
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
};

/// A blob's bytes in memory for as long as the view lives. Move-only; immutable.
class BlobView {
 public:
  BlobView(BlobView&& other) noexcept;
  BlobView& operator=(BlobView&&) = delete;
  ~BlobView();

  std::string_view bytes() const { return bytes_; }

 private:
  friend class Blob;
  BlobView(Blob blob, std::string_view bytes, void* mapping, std::size_t mapping_size)
      : blob_(std::move(blob)), bytes_(bytes), mapping_(mapping), mapping_size_(mapping_size) {}

  Blob blob_;  // keeps bytes in memory alive
  std::string_view bytes_;
  void* mapping_;  // of a file's pages; null for bytes in memory
  std::size_t mapping_size_;
};

}  // namespace thumbmill
