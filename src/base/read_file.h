// Reading a small file whole: settings, keys, tokens.
#pragma once

#include <cstddef>
#include <string>

#include "base/status.h"

namespace thumbmill {

/// The bytes of the file `path`, which a failure calls `name`: "the keys file /etc/keys". A pipe is
/// read to its end. Failures of open(2) and read(2), so of a directory; too_large: over
/// `most_bytes`.
Result<std::string> read_file(const std::string& path, const std::string& name,
                              std::size_t most_bytes);

}  // namespace thumbmill
