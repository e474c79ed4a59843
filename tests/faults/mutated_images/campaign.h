// A campaign: mutated files, one after the other, through a DecoderPool as a worker would send
// them, and what became of each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "blame.h"
#include "model/image_format.h"
#include "mutator.h"

namespace thumbmill {

struct CampaignOptions {
  std::string decoder = {};    ///< the program of decoder.cc
  std::string flaw = {};       ///< that its decoders are to have; empty: none
  std::string keep = {};       ///< a directory, which exists: for findings, with their files
  std::uint64_t first = 0;     ///< number of the first file
  std::uint64_t count = 1000;  ///< files
  std::size_t processes = 2;   ///< decoders at work at once
};

/// A decoder that died on a file.
struct Finding {
  std::uint64_t number = 0;
  std::string seed;
  ImageFormat format = ImageFormat::jpeg;
  Blame blame;
};

/// What became of a campaign's files.
struct Tally {
  std::map<ImageFormat, std::map<Code, std::uint64_t>> ends;  ///< of those that decoders were given
  std::uint64_t unrecognised = 0;                             ///< files of no format
  std::uint64_t not_decoded = 0;  ///< files of a format that no decoder is given
  std::uint64_t renditions = 0;   ///< made of the files that ended well
  std::uint64_t processes = 0;    ///< decoders that were replaced
  std::vector<Finding> findings;
  /// What may not happen, whatever the file: an end in a code that is no image's fault, an error in
  /// the pool's log, a report of a process that died on no file.
  std::vector<std::string> failures;

  std::uint64_t given() const;
  std::uint64_t ended(Code code) const;
  /// Whether nothing failed and all findings are third parties'.
  bool good() const;
};

/// Called now and then with the number of files done, from any of the threads, one at a time.
using Progress = std::function<void(std::uint64_t done, const Tally& so_far)>;

/// Runs it. Each finding's file is kept as NUMBER.EXTENSION, with NUMBER.txt saying how its decoder
/// died; so are the first files that took too long. unavailable, internal: the pool did not start.
Result<Tally> run_campaign(const Mutator& mutator, const CampaignOptions& options,
                           const Progress& progress);

}  // namespace thumbmill
