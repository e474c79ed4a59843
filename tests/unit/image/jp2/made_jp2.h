// JPEG 2000 files of any kind, made for tests by OpenJPEG, and JP2 boxes around them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace thumbmill {

struct MadeComponent {
  std::uint32_t bits = 8;
  bool is_signed = false;
  std::uint32_t dx = 1;
  std::uint32_t dy = 1;
};

/// A codestream. `sample` gives the value of a component at a place of its own, as it is stored.
struct MadeCodestream {
  std::uint32_t width = 64;
  std::uint32_t height = 48;
  std::uint32_t left = 0;  ///< of the picture on the reference grid
  std::uint32_t top = 0;
  std::uint32_t tile_side = 0;  ///< 0: one tile
  int levels = 5;
  bool irreversible = false;
  bool resolutions_first = false;  ///< RLCP instead of LRCP
  std::vector<MadeComponent> components{3};
  std::function<int(std::size_t component, std::uint32_t x, std::uint32_t y)> sample;
};

std::string encode(const MadeCodestream& made);

/// ISO/IEC 15444-1 annex I.4.
std::string jp2_box(const std::string& type, const std::string& contents);
std::string big_endian(std::uint64_t value, std::size_t bytes);
/// I.5.3.3: an enumerated colour space.
std::string color_box(std::uint32_t number);
/// The same with an ICC profile.
std::string profile_box(const std::string& profile);
/// I.5.3.6: triples of channel, kind and what it belongs to.
std::string definition_box(const std::vector<std::array<int, 3>>& channels);
/// A file: `header` are the boxes of jp2h, in their order.
std::string jp2_file(const std::string& header, const std::string& codestream);

}  // namespace thumbmill
