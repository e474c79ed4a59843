#include "image/thumbnailer_chain.h"

#include <utility>

namespace thumbmill {

bool is_passed_on(const Status& answer) {
  return answer.code() == Code::unsupported || answer.code() == Code::corrupt_input;
}

ThumbnailerChain::ThumbnailerChain(std::vector<std::unique_ptr<Thumbnailer>> links)
    : links_(std::move(links)) {
  THUMBMILL_CHECK(!links_.empty());
}

Result<Thumbnails> ThumbnailerChain::make(const ThumbnailRequest& request,
                                          const OpContext& context) {
  for (std::size_t i = 0; i + 1 < links_.size(); ++i) {
    Result<Thumbnails> made = links_[i]->make(request, context);
    if (!is_passed_on(made.status())) return made;
  }
  return links_.back()->make(request, context);
}

}  // namespace thumbmill
