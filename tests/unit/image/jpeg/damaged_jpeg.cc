#include "image/jpeg/damaged_jpeg.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace thumbmill::jpeg {
namespace {

std::uint8_t byte(const std::string& file, std::size_t at) {
  return static_cast<std::uint8_t>(file[at]);
}

// 0 to limit - 1; 0 for a limit of 0. Not a standard distribution: these differ by library.
std::size_t below(std::mt19937& random, std::size_t limit) {
  return limit == 0 ? 0 : random() % limit;
}

// Positions of markers; of those with a length what follows is stepped over.
struct Markers {
  std::size_t data = 0;               // behind the first scan's header
  std::vector<std::size_t> restarts;  // RSTn
  std::vector<std::size_t> tables;    // DHT and DQT in front of `data`
  std::vector<std::size_t> behind;    // segments and EOI behind it
};

Markers find_markers(const std::string& file) {
  Markers found;
  for (std::size_t at = 2; at + 4 <= file.size();) {
    at = file.find('\xff', at);
    if (at == std::string::npos || at + 2 > file.size()) break;
    const std::uint8_t marker = byte(file, at + 1);
    if (marker == 0 || marker == 0xff) {
      at += marker == 0 ? 2 : 1;
      continue;
    }
    if (marker >= 0xd0 && marker <= 0xd7) found.restarts.push_back(at);
    if (found.data != 0 && (marker < 0xd0 || marker > 0xd7)) found.behind.push_back(at);
    if (found.data == 0 && (marker == 0xc4 || marker == 0xdb)) found.tables.push_back(at);
    const bool alone = marker >= 0xd0 && marker <= 0xd9;
    if (alone || at + 4 > file.size()) {
      at += 2;
      continue;
    }
    at += 2 + (std::size_t{byte(file, at + 2)} << 8 | byte(file, at + 3));
    if (marker == 0xda && found.data == 0) found.data = at;
  }
  return found;
}

// Those that decoders treat in their own ways, or any.
std::string a_marker(std::mt19937& random) {
  static constexpr std::uint8_t kOften[] = {
      0x01, 0x02, 0x9f, 0xbf, 0xc0, 0xc2, 0xc4, 0xc8, 0xcc, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5,
      0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xe0, 0xe1, 0xee, 0xf0, 0xfe, 0xff, 0x00};
  const auto any = static_cast<std::uint8_t>(1 + below(random, 254));
  const std::uint8_t marker =
      below(random, 3) == 0 ? any : kOften[below(random, std::size(kOften))];
  return std::string("\xff") + static_cast<char>(marker);
}

std::string some_bytes(std::mt19937& random, std::size_t size) {
  const std::size_t kind = below(random, 4);
  std::string bytes(size, kind == 0 ? '\0' : '\xff');
  if (kind >= 2) {
    for (char& c : bytes) c = static_cast<char>(random());
  }
  return bytes;
}

void flip_bits(std::string& file, std::size_t from, std::size_t to, std::mt19937& random) {
  for (std::size_t count = 1 + below(random, 6); count > 0; --count) {
    const std::size_t at = std::min(from + below(random, to - from), file.size() - 1);
    file[at] = static_cast<char>(byte(file, at) ^ 1u << below(random, 8));
  }
}

void damage_restarts(std::string& file, Damage damage, const std::vector<std::size_t>& restarts,
                     std::mt19937& random) {
  const std::size_t one = restarts[below(random, restarts.size())];
  const std::size_t other = restarts[below(random, restarts.size())];
  if (damage == Damage::restart_lost) {
    file.erase(one, 2);
  } else if (damage == Damage::restarts_swapped) {
    std::swap(file[one + 1], file[other + 1]);
  } else if (damage == Damage::restart_renumbered) {
    file[one + 1] = static_cast<char>(0xd0 + below(random, 8));
  } else {
    file.insert(one, file.substr(one, 2));
  }
}

}  // namespace

const char* damage_name(Damage damage) {
  static constexpr const char* kNames[kDamages] = {
      "stray marker",  "marker put in", "cut off",          "cut off at EOI",
      "flipped bits",  "overwritten",   "put in",           "left out",
      "copied",        "restart lost",  "restarts swapped", "restart renumbered",
      "restart twice", "header",        "tables",           "between scans"};
  return kNames[static_cast<int>(damage)];
}

std::string damaged(std::string file, Damage damage, std::mt19937& random) {
  const Markers markers = find_markers(file);
  const std::size_t data = std::min(markers.data, file.size() - 1);
  const std::size_t at = data + below(random, file.size() - data);
  const std::size_t run = std::min(1 + below(random, 1u << below(random, 9)), file.size() - at);
  switch (damage) {
    case Damage::stray_marker:
      file.replace(at, 2, a_marker(random));
      return file;
    case Damage::marker_put_in:
      return file.insert(at, a_marker(random));
    case Damage::cut_off:
      return file.substr(0, at);
    case Damage::cut_off_at_eoi:
      return file.substr(0, at) + "\xff\xd9";
    case Damage::overwritten:
      return file.replace(at, run, some_bytes(random, run));
    case Damage::put_in:
      return file.insert(at, some_bytes(random, run));
    case Damage::left_out:
      return file.erase(at, run);
    case Damage::copied:
      return file.replace(at, run, file.substr(data + below(random, file.size() - data), run));
    case Damage::restart_lost:
    case Damage::restarts_swapped:
    case Damage::restart_renumbered:
    case Damage::restart_twice:
      if (markers.restarts.empty()) break;
      damage_restarts(file, damage, markers.restarts, random);
      return file;
    case Damage::header:
      flip_bits(file, 2, data, random);
      return file;
    case Damage::tables:
      if (markers.tables.empty()) break;
      {
        const std::size_t table = markers.tables[below(random, markers.tables.size())];
        file.at(table + 4 + below(random, 70)) = static_cast<char>(random());
      }
      return file;
    case Damage::between_scans:
      if (markers.behind.empty()) break;
      {
        const std::size_t marker = markers.behind[below(random, markers.behind.size())];
        if (below(random, 2) == 0) return file.insert(marker, a_marker(random));
        flip_bits(file, marker, marker + 8, random);
      }
      return file;
    case Damage::flipped_bits:
      break;
  }
  flip_bits(file, data, file.size(), random);
  return file;
}

}  // namespace thumbmill::jpeg
