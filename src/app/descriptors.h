// Descriptors: what a process may have open at once, shared out among connections and the files of
// uploads, so that neither leaves the other none.
#pragma once

#include <cstdint>

namespace thumbmill {

struct DescriptorShares {
  std::uint64_t connections = 0;  ///< as many as are wanted, or fewer
  std::uint64_t spool_files = 0;
};

/// Raises this process's limit of open files as far as it may be raised (the soft limit to the hard
/// one, setrlimit(2)), and returns it. Many systems begin at 1024, for the sake of select(2), which
/// nothing here uses.
std::uint64_t raise_descriptor_limit();

/// How `limit` descriptors are shared out when `connections` are wanted. Some are left for store,
/// queue and decoders; each connection can have one file at least.
DescriptorShares share_descriptors(std::uint64_t limit, std::uint64_t connections);

}  // namespace thumbmill
