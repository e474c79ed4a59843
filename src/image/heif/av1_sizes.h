// The sizes that the headers of an AV1 stream say, for a stream that is decoded by somebody who
// does not compare them. Decodes no pixels. Internal to image/heif/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <dav1d/headers.h>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::heif {

/// One thread at a time.
class Av1Sizes {
 public:
  /// Reads units (OBUs, AV1 section 5.3), which continue those before. corrupt_input: they are cut
  /// off, or a sequence header cannot be read.
  Status read(std::string_view units);

  /// The largest frames that each sequence header allows.
  const std::vector<SizePx>& sequences() const { return sequences_; }

  /// Frames may have sizes of their own, which dav1d does not compare with the sequence's: pixels
  /// of the largest that they have bits for; 0 without such a frame.
  std::uint64_t most_own_pixels() const { return most_own_pixels_; }

 private:
  Status read_sequence(std::string_view unit);

  std::optional<Dav1dSequenceHeader> sequence_;
  std::vector<SizePx> sequences_;
  std::uint64_t most_own_pixels_ = 0;
};

}  // namespace thumbmill::heif
