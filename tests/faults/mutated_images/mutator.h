// Mutator: makes damaged image files, each from its number alone, so that any of them can be made
// again. Knows no format but PNG, whose checksums and compression keep damage from the decoder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "seeds.h"

namespace thumbmill {

struct MutatedFile {
  const Seed* seed = nullptr;  ///< that it was made from; borrowed from the mutator's
  std::string bytes;
};

/// Immutable. What a number gives depends on the run's seed and on the list of seeds.
class Mutator {
 public:
  /// `seeds` must not be empty and outlives this.
  Mutator(const std::vector<Seed>& seeds, std::uint64_t run_seed)
      : seeds_(seeds), run_seed_(run_seed) {}

  /// The file of that number: seeds in turn, with 1 to some hundred mutations, most often few. Its
  /// first bytes are those of the seed again, most often: what the sniffer does not know would
  /// reach no decoder. Of a PNG every other time the inflated rows are mutated instead of the file.
  MutatedFile make(std::uint64_t number) const;

 private:
  const std::vector<Seed>& seeds_;
  const std::uint64_t run_seed_;
};

}  // namespace thumbmill
