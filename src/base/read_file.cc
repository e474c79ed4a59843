#include "base/read_file.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace thumbmill {

Result<std::string> read_file(const std::string& path, const std::string& name,
                              std::size_t most_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return status_from_errno(errno, "cannot read " + name);
  std::string text;
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return status_from_errno(errno, "cannot read " + name);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) {
      return Status(Code::too_large, fmt::format("{} has more than {} bytes", name, most_bytes));
    }
  }
}

}  // namespace thumbmill
