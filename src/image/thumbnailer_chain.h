// ThumbnailerChain: asks one Thumbnailer after the other until one makes the renditions. It knows
// no kernel: app/cmd_decoder composes it. The quick kernel comes first, the one that reads
// everything last.
#pragma once

#include <memory>
#include <vector>

#include "image/thumbnailer.h"

namespace thumbmill {

/// As thread-safe as its links.
///
/// A link passes the work on by answering unsupported ("not mine") or corrupt_input ("I cannot make
/// sense of it"); any other answer stands, a breached limit above all: the next one would breach
/// it, too. The last link's answer always stands.
class ThumbnailerChain final : public Thumbnailer {
 public:
  /// `links` in the order to ask; at least one.
  explicit ThumbnailerChain(std::vector<std::unique_ptr<Thumbnailer>> links);

  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  const std::vector<std::unique_ptr<Thumbnailer>> links_;
};

}  // namespace thumbmill
