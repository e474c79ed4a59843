#include "image/thumbnailer_chain.h"

#include <utility>

namespace thumbmill {

ThumbnailerChain::ThumbnailerChain(std::vector<std::unique_ptr<Thumbnailer>> links)
    : links_(std::move(links)) {
  THUMBMILL_CHECK(!links_.empty());
}

Result<Thumbnails> ThumbnailerChain::make(const ThumbnailRequest& request,
                                          const OpContext& context) {
  for (std::size_t i = 0; i + 1 < links_.size(); ++i) {
    Result<Thumbnails> made = links_[i]->make(request, context);
    const Code code = made.status().code();
    if (code != Code::unsupported && code != Code::corrupt_input) return made;
  }
  return links_.back()->make(request, context);
}

}  // namespace thumbmill
