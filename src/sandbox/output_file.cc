#include "sandbox/output_file.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/wire.h"

namespace thumbmill {

std::uint64_t most_output_bytes(const std::vector<RenditionSpec>& specs) {
  const auto side = [](std::uint32_t px) { return px == 0 ? kMaxRenditionSide : px; };
  std::uint64_t total = 0;
  for (const RenditionSpec& spec : specs) {
    total += std::uint64_t{side(spec.width_px)} * side(spec.height_px) * kMaxBytesPerPixel +
             kMaxHeaderBytes;
  }
  return std::min(total, kOutputBytes);
}

Result<OutputFile> OutputFile::create(std::uint64_t bytes) {
  OutputFile output;
  output.size_bytes_ = std::max(bytes, kKeptBytes);
  output.file_.reset(::memfd_create("renditions", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!output.file_.valid() ||
      ::ftruncate(output.fd(), static_cast<off_t>(output.size_bytes_)) != 0 ||
      ::fcntl(output.fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return status_from_errno(errno, "making a decoder's output");
  }
  return output;
}

void OutputFile::clear(std::uint64_t written) {
  const std::string zeros(std::min(written, kKeptBytes), '\0');
  const bool cleared = size_bytes_ == kKeptBytes && ::pwrite(fd(), zeros.data(), zeros.size(), 0) ==
                                                        static_cast<ssize_t>(zeros.size());
  if (!cleared) *this = OutputFile();
}

}  // namespace thumbmill
