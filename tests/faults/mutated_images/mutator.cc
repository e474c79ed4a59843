#include "mutator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/random.h"
#include "base/status.h"
#include "damaged_png.h"

namespace thumbmill {
namespace {

constexpr std::size_t kHeadBytes = 512;  // where headers are, and a TIFF's directory at the end
constexpr std::size_t kMostBytes = 512 * 1024;
constexpr std::size_t kMagicBytes = 12;

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): numbers in a row start far apart.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// The standard library's distributions differ between implementations; a remainder does not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_.next_u64() % end; }
  bool one_in(std::size_t count) { return below(count) == 0; }

 private:
  Random random_;
};

struct Range {
  std::size_t at = 0;
  std::size_t size = 0;
};

// A file, or a part of one, while it is being mutated.
class Draft {
 public:
  Draft(const std::vector<Seed>& seeds, const Seed& seed, std::string bytes, Dice& dice)
      : seeds_(seeds), seed_(seed), dice_(dice), bytes_(std::move(bytes)) {}

  void mutate();
  void restore_magic() {
    const std::size_t count = std::min({kMagicBytes, bytes_.size(), seed_.bytes.size()});
    bytes_.replace(0, count, seed_.bytes, 0, count);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::size_t place();
  Range range();
  std::uint64_t edge(std::size_t width);
  void flip_bit();
  void set_byte();
  void set_field();
  void count_field_up_or_down();
  void cut();
  void remove_range();
  void repeat_range();
  void insert_bytes();
  void exchange_ranges();
  void fill_range();
  void splice();
  const Seed& other();
  std::uint64_t get(std::size_t at, std::size_t width, bool big_endian) const;
  void put(std::size_t at, std::size_t width, bool big_endian, std::uint64_t value);

  const std::vector<Seed>& seeds_;
  const Seed& seed_;
  Dice& dice_;
  std::string bytes_;
};

// Two in five each at the head and anywhere, one near the end.
std::size_t Draft::place() {
  const std::size_t near = std::min(kHeadBytes, bytes_.size());
  const std::size_t where = dice_.below(5);
  if (where < 2) return dice_.below(near);
  if (where == 2) return bytes_.size() - 1 - dice_.below(near);
  return dice_.below(bytes_.size());
}

Range Draft::range() {
  const std::size_t at = place();
  const std::size_t most = std::size_t{1} << dice_.below(13);
  return {at, std::min(1 + dice_.below(most), bytes_.size() - at)};
}

// Numbers that sums and products of sizes go wrong at, for a field of `width` bytes.
std::uint64_t Draft::edge(std::size_t width) {
  const std::uint64_t ones = width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * width) - 1;
  const std::uint64_t near = dice_.below(3);
  switch (dice_.below(7)) {
    case 0:
      return near;
    case 1:
      return ones - near;
    case 2:
      return (ones >> 1) + near;
    case 3:
      return bytes_.size() - 1 + near;
    case 4:
      return (std::uint64_t{1} << dice_.below(8 * width)) - 1 + near;
    case 5:
      return ones / (3 + dice_.below(6));  // times a pixel's bytes it just overflows
    default:
      return dice_.below(1 << 16);
  }
}

std::uint64_t Draft::get(std::size_t at, std::size_t width, bool big_endian) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t byte = big_endian ? i : width - 1 - i;
    value = value << 8 | static_cast<unsigned char>(bytes_[at + byte]);
  }
  return value;
}

void Draft::put(std::size_t at, std::size_t width, bool big_endian, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t byte = big_endian ? width - 1 - i : i;
    bytes_[at + byte] = static_cast<char>(value >> 8 * i);
  }
}

void Draft::flip_bit() {
  char& byte = bytes_[place()];
  byte = static_cast<char>(byte ^ (1 << dice_.below(8)));
}

void Draft::set_byte() {
  constexpr std::array<unsigned char, 8> kEdges{0, 1, 0x7f, 0x80, 0xfe, 0xff, 0x20, 0x40};
  char& byte = bytes_[place()];
  byte = static_cast<char>(dice_.one_in(3) ? dice_.below(256) : kEdges.at(dice_.below(8)));
}

void Draft::set_field() {
  const std::size_t width = std::size_t{1} << (dice_.one_in(8) ? 3 : 1 + dice_.below(2));
  const std::size_t at = place();
  if (at + width > bytes_.size()) return;
  const bool big_endian = dice_.one_in(2);
  put(at, width, big_endian, edge(width));
}

void Draft::count_field_up_or_down() {
  const std::size_t width = std::size_t{1} << dice_.below(3);
  const std::size_t at = place();
  if (at + width > bytes_.size()) return;
  const bool big_endian = dice_.one_in(2);
  put(at, width, big_endian, get(at, width, big_endian) + dice_.below(71) - 35);
}

void Draft::cut() { bytes_.resize(1 + place()); }

void Draft::remove_range() {
  const Range gone = range();
  if (gone.size < bytes_.size()) bytes_.erase(gone.at, gone.size);
}

void Draft::repeat_range() {
  const Range from = range();
  const std::string part = bytes_.substr(from.at, from.size);
  const std::size_t times = dice_.one_in(4) ? 1 + dice_.below(50) : 1;
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) repeated += part;
  bytes_.insert(dice_.one_in(2) ? from.at : place(), repeated);
}

void Draft::insert_bytes() {
  std::string part(std::size_t{1} << dice_.below(9), '\0');
  if (dice_.one_in(2)) {
    for (char& byte : part) byte = static_cast<char>(dice_.below(256));
  } else if (dice_.one_in(2)) {
    std::fill(part.begin(), part.end(), '\xff');
  }
  bytes_.insert(place(), part);
}

void Draft::exchange_ranges() {
  const Range a = range();
  const Range b{place(), a.size};
  if (b.at + b.size > bytes_.size()) return;
  for (std::size_t i = 0; i < a.size; ++i) std::swap(bytes_[a.at + i], bytes_[b.at + i]);
}

void Draft::fill_range() {
  const Range filled = range();
  const bool zero = dice_.one_in(2);
  for (std::size_t i = 0; i < filled.size; ++i) {
    bytes_[filled.at + i] = zero ? '\0' : static_cast<char>(dice_.below(256));
  }
}

const Seed& Draft::other() {
  std::vector<const Seed*> same;
  for (const Seed& seed : seeds_) {
    if (seed.format == seed_.format) same.push_back(&seed);
  }
  return *same.at(dice_.below(same.size()));
}

// The end of another file of the format behind our beginning, or a part of it over or between ours.
void Draft::splice() {
  const std::string& from = other().bytes;
  if (from.empty()) return;
  const std::size_t at = dice_.below(from.size());
  if (dice_.one_in(3)) {
    const std::size_t ours = dice_.one_in(2) ? std::min(at, bytes_.size()) : place();
    bytes_ = bytes_.substr(0, ours) + from.substr(at);
    return;
  }
  const std::string part = from.substr(at, 1 + dice_.below(std::size_t{1} << dice_.below(13)));
  const std::size_t to = place();
  if (dice_.one_in(2)) {
    bytes_.insert(to, part);
  } else {
    bytes_.replace(to, std::min(part.size(), bytes_.size() - to), part);
  }
}

void Draft::mutate() {
  if (bytes_.empty()) bytes_ = seed_.bytes;
  if (bytes_.empty()) return;
  switch (dice_.below(16)) {
    case 0:
    case 1:
    case 2:
      return flip_bit();
    case 3:
    case 4:
      return set_byte();
    case 5:
    case 6:
    case 7:
      return set_field();
    case 8:
      return count_field_up_or_down();
    case 9:
      return dice_.one_in(4) ? cut() : flip_bit();
    case 10:
      return remove_range();
    case 11:
      return repeat_range();
    case 12:
      return insert_bytes();
    case 13:
      return exchange_ranges();
    case 14:
      return fill_range();
    default:
      return splice();
  }
}

std::size_t how_many(Dice& dice) {
  const std::size_t kind = dice.below(20);
  if (kind < 8) return 1;
  if (kind < 15) return 2 + dice.below(3);
  if (kind < 19) return 5 + dice.below(28);
  return 33 + dice.below(268);
}

}  // namespace

MutatedFile Mutator::make(std::uint64_t number) const {
  THUMBMILL_CHECK(!seeds_.empty());
  const Seed& seed = seeds_[number % seeds_.size()];
  Dice dice(mixed(mixed(run_seed_) + number));
  const std::size_t mutations = how_many(dice);
  if (seed.format == ImageFormat::png && dice.one_in(2)) {
    const auto mutated = [&](std::string rows) {
      Draft draft(seeds_, seed, std::move(rows), dice);
      for (std::size_t i = 0; i < mutations; ++i) draft.mutate();
      return draft.bytes();
    };
    if (const auto damaged = with_changed_rows(seed.bytes, mutated)) {
      return {&seed, damaged->substr(0, kMostBytes)};
    }
  }
  Draft draft(seeds_, seed, seed.bytes, dice);
  for (std::size_t i = 0; i < mutations; ++i) draft.mutate();
  if (!dice.one_in(8)) draft.restore_magic();
  MutatedFile file{&seed, draft.bytes().substr(0, kMostBytes)};
  if (seed.format == ImageFormat::png && !dice.one_in(3)) {
    file.bytes = with_right_checksums(file.bytes);
  }
  return file;
}

}  // namespace thumbmill
