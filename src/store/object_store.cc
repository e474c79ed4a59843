#include "store/object_store.h"

#include <fmt/format.h>

#include "base/ascii.h"

namespace thumbmill {

Status PutOptions::check() const {
  if (content_type.size() > 255 || !is_printable_ascii(content_type)) {
    return Status(Code::invalid_argument,
                  "content type is not printable ASCII of at most 255 characters");
  }
  std::size_t size = 0;
  for (const auto& [name, value] : metadata) {
    size += name.size() + value.size();
    const bool named = !name.empty() &&
                       name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == name.npos;
    if (!named || !is_printable_ascii(value)) {
      return Status(Code::invalid_argument,
                    "metadata takes names of [a-z0-9-] and printable ASCII values");
    }
  }
  if (size > kMaxMetadataBytes) {
    return Status(Code::invalid_argument,
                  fmt::format("metadata takes {} bytes; allowed: {}", size, kMaxMetadataBytes));
  }
  return Status();
}

Status too_many_bytes(std::string_view key, std::uint64_t most_bytes) {
  return Status(Code::too_large, fmt::format("{} has more than {} bytes", key, most_bytes));
}

}  // namespace thumbmill
