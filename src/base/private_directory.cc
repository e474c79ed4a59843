#include "base/private_directory.h"

#include <cerrno>

#include <sys/stat.h>

namespace thumbmill {

std::error_code make_private_directories(const std::filesystem::path& directory) {
  std::error_code error;
  if (directory.empty() || std::filesystem::is_directory(directory, error)) return {};
  const std::error_code above = make_private_directories(directory.parent_path());
  if (above || !directory.has_filename()) return above;  // without one, it ends in '/'
  if (::mkdir(directory.c_str(), S_IRWXU) == 0) return {};
  const int failure = errno;
  // Another process may have been faster.
  if (failure == EEXIST && std::filesystem::is_directory(directory, error)) return {};
  return {failure, std::generic_category()};
}

}  // namespace thumbmill
