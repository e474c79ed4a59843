// Directories for data that is nobody else's business.
#pragma once

#include <filesystem>
#include <system_error>

namespace thumbmill {

/// Makes `directory`, and what is missing above it, for this user only (0700, whatever the umask
/// adds). One that is there keeps its rights.
std::error_code make_private_directories(const std::filesystem::path& directory);

}  // namespace thumbmill
