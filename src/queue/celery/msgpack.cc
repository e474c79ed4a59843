#include "queue/celery/msgpack.h"

#include <bit>
#include <cstdint>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace thumbmill {
namespace {

constexpr int kMostDepth = 32;  // as Boost.JSON's parser

// After a failure all that it reads is empty, and done() says so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  boost::json::value value(int depth);
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  boost::json::value fail() {
    failed_ = true;
    return nullptr;
  }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) failed_ = true;
    if (failed_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  // Big-endian.
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : take(width)) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }

  std::int64_t signed_number(std::size_t width) {
    const std::size_t unused = 64 - 8 * width;
    return static_cast<std::int64_t>(number(width) << unused) >> unused;
  }

  boost::json::value text(std::uint64_t size) { return boost::json::string(take(size)); }

  // What a header says of their size is believed an element at a time.
  boost::json::value array(std::uint64_t size, int depth) {
    boost::json::array values;
    for (std::uint64_t i = 0; i < size && !failed_; ++i) values.push_back(value(depth));
    return values;
  }

  boost::json::value map(std::uint64_t size, int depth) {
    boost::json::object members;
    for (std::uint64_t i = 0; i < size && !failed_; ++i) {
      const boost::json::value key = value(depth);
      if (!key.is_string()) return fail();
      members[key.get_string()] = value(depth);
    }
    return members;
  }

  boost::json::value sized(std::uint8_t type, int depth);

  std::string_view rest_;
  bool failed_ = false;
};

boost::json::value Reader::value(int depth) {
  if (depth == 0) return fail();
  const auto type = static_cast<std::uint8_t>(number(1));
  if (type <= 0x7f) return type;
  if (type <= 0x8f) return map(type & 0x0f, depth - 1);
  if (type <= 0x9f) return array(type & 0x0f, depth - 1);
  if (type <= 0xbf) return text(type & 0x1f);
  if (type >= 0xe0) return static_cast<std::int8_t>(type);
  return sized(type, depth);
}

// The types whose size or value follows in so many bytes.
boost::json::value Reader::sized(std::uint8_t type, int depth) {
  switch (type) {
    case 0xc0:
      return nullptr;
    case 0xc2:
    case 0xc3:
      return type == 0xc3;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return text(number(1u << (type - 0xc4)));
    case 0xca:
      return std::bit_cast<float>(static_cast<std::uint32_t>(number(4)));
    case 0xcb:
      return std::bit_cast<double>(number(8));
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return number(1u << (type - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return signed_number(1u << (type - 0xd0));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return text(number(1u << (type - 0xd9)));
    case 0xdc:
    case 0xdd:
      return array(number(type == 0xdc ? 2 : 4), depth - 1);
    case 0xde:
    case 0xdf:
      return map(number(type == 0xde ? 2 : 4), depth - 1);
    default:
      return fail();
  }
}

}  // namespace

std::optional<boost::json::value> parse_msgpack(std::string_view bytes) {
  Reader reader(bytes);
  boost::json::value value = reader.value(kMostDepth);
  if (!reader.done()) return std::nullopt;
  return value;
}

}  // namespace thumbmill
