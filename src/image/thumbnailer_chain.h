// ThumbnailerChain: asks one Thumbnailer after the other until one makes the renditions. It knows
// no kernel: decoder/ composes it. The quick kernel comes first, the one that reads
// everything last.
#pragma once

#include <memory>
#include <vector>

#include "image/thumbnailer.h"

namespace thumbmill {

/// Whether an answer leaves the image to who is asked next: unsupported ("not mine") and
/// corrupt_input ("I cannot make sense of it"). Any other stands, a breached limit above all: the
/// next one would breach it, too.
bool is_passed_on(const Status& answer);

/// As thread-safe as its links.
///
/// The next link is asked when an answer is_passed_on(). The last link's answer always stands.
class ThumbnailerChain final : public Thumbnailer {
 public:
  /// `links` in the order to ask; at least one.
  explicit ThumbnailerChain(std::vector<std::unique_ptr<Thumbnailer>> links);

  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  const std::vector<std::unique_ptr<Thumbnailer>> links_;
};

}  // namespace thumbmill
