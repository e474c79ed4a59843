#include "service/object_cursor.h"

namespace thumbmill {
namespace {

constexpr std::size_t kPage = 1000;  // as many as a store gives at once

}  // namespace

ObjectCursor::ObjectCursor(ObjectStore& store, std::string prefix, const OpContext& context,
                           std::string after)
    : store_(store), prefix_(std::move(prefix)), context_(context), after_(std::move(after)) {}

Result<std::optional<ListedObject>> ObjectCursor::next() {
  if (at_ == page_.size()) {
    if (last_page_) return std::optional<ListedObject>();
    ASSIGN_OR_RETURN(page_, store_.list(prefix_, after_, kPage, context_));
    at_ = 0;
    last_page_ = page_.size() < kPage;
    if (page_.empty()) return std::optional<ListedObject>();
    after_ = page_.back().key;
  }
  return std::optional<ListedObject>(page_[at_++]);
}

}  // namespace thumbmill
