// The libraries that images are read and written with, for bug reports, `thumbmill version` and
// `thumbmill doctor`.
#pragma once

#include <string>

namespace thumbmill {

struct Library {
  std::string name;  ///< as its project calls itself
  std::string
      version;  ///< of the file that is loaded where the library can tell, else of its headers
  bool operator==(const Library&) const = default;
};

}  // namespace thumbmill
