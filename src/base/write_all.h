// Writing all of a buffer to a descriptor.
#pragma once

#include <string_view>

namespace thumbmill {

/// Writes all of `bytes`, going on after signals and short writes. Returns 0, or the errno of the
/// write that failed, with some of the bytes written.
int write_all(int fd, std::string_view bytes);

}  // namespace thumbmill
