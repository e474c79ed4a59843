#include "base/blob.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/write_all.h"

namespace thumbmill {
struct Blob::Storage {
  std::string bytes;
  UniqueFd fd;
};

Blob::Blob(std::string bytes) : size_(bytes.size()) {
  storage_ = std::make_shared<const Storage>(Storage{std::move(bytes), UniqueFd()});
}

Blob Blob::from_file(UniqueFd fd, std::uint64_t offset, std::uint64_t size) {
  THUMBMILL_CHECK(fd.valid());
  Blob blob;
  blob.storage_ = std::make_shared<const Storage>(Storage{std::string(), std::move(fd)});
  blob.offset_ = offset;
  blob.size_ = size;
  return blob;
}

Blob Blob::slice(std::uint64_t offset, std::uint64_t size) const {
  THUMBMILL_CHECK(offset <= size_ && size <= size_ - offset);
  Blob part = *this;
  part.offset_ += offset;
  part.size_ = size;
  return part;
}

int Blob::fd() const { return storage_->fd.get(); }

std::string_view Blob::memory() const {
  if (storage_->fd.valid()) return {};
  return std::string_view(storage_->bytes).substr(offset_, size_);
}

Status Blob::read(std::uint64_t offset, std::span<char> out) const {
  THUMBMILL_CHECK(offset <= size_ && out.size() <= size_ - offset);
  if (!storage_->fd.valid()) {
    std::memcpy(out.data(), storage_->bytes.data() + offset_ + offset, out.size());
    return Status();
  }
  while (!out.empty()) {
    const ssize_t got =
        ::pread(storage_->fd.get(), out.data(), out.size(), static_cast<off_t>(offset_ + offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return status_from_errno(errno, "reading stored bytes");
    if (got == 0) return Status(Code::unavailable, "stored bytes are shorter than they were");
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return Status();
}

Result<std::string> Blob::to_string() const {
  std::string text(size_, '\0');
  RETURN_IF_ERROR(read(0, text));
  return text;
}

Result<BlobView> Blob::view() const {
  if (!storage_->fd.valid() || size_ == 0) return BlobView(*this, memory(), nullptr, 0);
  // mmap wants an offset in whole pages, so that the mapping may begin before the blob does.
  const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t lead = offset_ % page;
  void* mapping = ::mmap(nullptr, size_ + lead, PROT_READ, MAP_PRIVATE, storage_->fd.get(),
                         static_cast<off_t>(offset_ - lead));
  if (mapping == MAP_FAILED) return status_from_errno(errno, "mapping stored bytes");
  return BlobView(*this, std::string_view(static_cast<const char*>(mapping) + lead, size_), mapping,
                  size_ + lead);
}

BlobView::BlobView(BlobView&& other) noexcept
    : blob_(std::move(other.blob_)),
      bytes_(std::exchange(other.bytes_, {})),
      mapping_(std::exchange(other.mapping_, nullptr)),
      mapping_size_(other.mapping_size_) {}

BlobView::~BlobView() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_size_);
}

Result<Blob> Blob::to_memfd(const char* name) const {
  UniqueFd memory_file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory_file.valid()) return status_from_errno(errno, "making a memory file");
  std::array<char, 64 * 1024> buffer;
  for (std::uint64_t done = 0; done < size_;) {
    const std::span<char> part(buffer.data(), std::min<std::uint64_t>(buffer.size(), size_ - done));
    RETURN_IF_ERROR(read(done, part));
    const int error = write_all(memory_file.get(), std::string_view(part.data(), part.size()));
    if (error != 0) return status_from_errno(error, "writing a memory file");
    done += part.size();
  }
  if (::fcntl(memory_file.get(), F_ADD_SEALS,
              F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return status_from_errno(errno, "sealing a memory file");
  }
  return from_file(std::move(memory_file), 0, size_);
}

}  // namespace thumbmill
