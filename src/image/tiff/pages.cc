#include "image/tiff/pages.h"

#include <optional>
#include <unordered_set>

namespace thumbmill::tiff {
namespace {

// Integers of a file in its byte order.
class Bytes {
 public:
  explicit Bytes(std::string_view file) : file_(file), little_(file.substr(0, 2) == "II") {}

  std::optional<std::uint64_t> at(std::uint64_t offset, std::size_t size) const {
    if (offset > file_.size() || file_.size() - offset < size) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t byte = static_cast<unsigned char>(file_[offset + i]);
      value |= byte << (8 * (little_ ? i : size - 1 - i));
    }
    return value;
  }

 private:
  std::string_view file_;
  bool little_;
};

}  // namespace

std::uint32_t count_pages(std::string_view file, std::uint32_t most) {
  const std::string_view order = file.substr(0, 2);
  if (order != "II" && order != "MM") return 0;
  const Bytes bytes(file);
  const auto version = bytes.at(2, 2);
  if (version != 42 && version != 43) return 0;
  const bool big = version == 43;
  const std::size_t offset_size = big ? 8 : 4;
  const std::size_t count_size = big ? 8 : 2;
  const std::size_t entry_size = big ? 20 : 12;
  std::unordered_set<std::uint64_t> seen;
  auto next = bytes.at(big ? 8 : 4, offset_size);
  while (next && *next != 0 && seen.size() < most && !seen.contains(*next)) {
    const auto entries = bytes.at(*next, count_size);
    if (!entries || *entries > file.size() / entry_size) break;
    seen.insert(*next);
    next = bytes.at(*next + count_size + *entries * entry_size, offset_size);
  }
  return static_cast<std::uint32_t>(seen.size());
}

}  // namespace thumbmill::tiff
