#include "queue/task_source.h"

namespace thumbmill {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

std::string ImageTask::target_key(std::string_view rendition, std::string_view extension) const {
  std::string key = target;
  replace_all(key, "{rendition}", rendition);
  replace_all(key, "{ext}", extension);
  return key;
}

}  // namespace thumbmill
