// Ids of jobs that tests call by a name.
#pragma once

#include <string_view>

#include "base/hash.h"
#include "base/ids.h"

namespace thumbmill {

/// The same id for the same name, another for another.
inline JobId named_id(std::string_view name) {
  std::string text = to_hex(sha256(name)).substr(0, 32);
  text[12] = '7';
  text[16] = '8';
  for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
  return JobId::parse(text).value();
}

}  // namespace thumbmill
