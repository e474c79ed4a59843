// Reads a JPEG's marker segments (ITU-T T.81 Annex B): everything between the entropy-coded data.
// Every read is bounded and every index checked. What is out of the ordinary is declined with
// unsupported ("ask libjpeg-turbo"), never guessed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "image/jpeg/app_segments.h"
#include "image/planar/picture.h"

namespace thumbmill::jpeg {

// What this directory decodes to.
using planar::ColorModel;
using planar::Picture;
using planar::Plane;

inline constexpr std::size_t kMaxComponents = 3;
inline constexpr std::size_t kTables = 4;  // T.81 B.2.4: table destinations 0 to 3

/// T.81 B.2.2. `h` and `v` are 1 to 4.
struct Component {
  std::uint8_t id = 0;
  std::uint8_t h = 1;
  std::uint8_t v = 1;
  std::uint8_t quant_table = 0;
};

struct Frame {
  bool progressive = false;
  std::uint32_t width = 0;  ///< pixels, at least 1, as stored
  std::uint32_t height = 0;
  std::size_t count = 0;  ///< components: 1 or 3
  std::array<Component, kMaxComponents> components;
  std::uint32_t h_max = 1;
  std::uint32_t v_max = 1;

  std::uint32_t mcus_per_row() const { return (width + 8 * h_max - 1) / (8 * h_max); }
  std::uint32_t mcu_rows() const { return (height + 8 * v_max - 1) / (8 * v_max); }
};

/// T.81 B.2.3: which components a scan has, and of what.
struct Scan {
  struct Part {
    std::size_t component = 0;  ///< index into the frame
    std::size_t dc_table = 0;
    std::size_t ac_table = 0;
  };
  std::size_t count = 0;
  std::array<Part, kMaxComponents> parts;
  int first = 0;            ///< Ss
  int last = 63;            ///< Se
  int high = 0;             ///< Ah: 0 for the first scan of these coefficients
  int low = 0;              ///< Al
  std::size_t data_at = 0;  ///< where its entropy-coded data begins
};

/// T.81 B.2.4.2, as it stands in the file: not yet known to be a prefix code.
struct HuffmanSpec {
  bool defined = false;
  std::array<std::uint8_t, 16> counts{};  ///< codes of each length, 1 to 16
  std::array<std::uint8_t, 256> symbols{};
};

struct QuantTable {
  bool defined = false;
  std::array<std::uint16_t, 64> steps{};  ///< in zigzag order
};

/// One thread at a time. Borrows the file's bytes for as long as it lives.
class MarkerReader {
 public:
  explicit MarkerReader(std::string_view bytes) : bytes_(bytes) {}

  /// Goes on to the next scan header, or to the end: nothing. `from` is where to look, the first
  /// time 0 and then behind the previous scan's data, where a marker that libjpeg-turbo might treat
  /// as damage is declined, too. unsupported for a kind of JPEG that is not read here,
  /// corrupt_input for what is none or is damaged.
  Result<std::optional<Scan>> next_scan(std::size_t from);

  const Frame& frame() const { return frame_; }   ///< of width 0 until it was read
  std::uint32_t scans() const { return scans_; }  ///< seen so far
  std::size_t restart_interval() const { return restart_interval_; }  ///< MCUs; 0: none
  const QuantTable& quant(std::size_t i) const { return quant_.at(i); }
  const HuffmanSpec& dc(std::size_t i) const { return dc_.at(i); }
  const HuffmanSpec& ac(std::size_t i) const { return ac_.at(i); }
  /// Changes whenever a Huffman table is defined anew.
  std::uint32_t tables_version() const { return tables_version_; }

  ColorModel color_model() const;
  /// Those in front of the first scan; readers look at no others.
  const AppSegments& apps() const { return apps_; }

 private:
  Status segment(std::uint8_t marker, std::string_view body, bool in_header);
  Status frame_header(std::uint8_t marker, std::string_view body);
  Status huffman_tables(std::string_view body);
  Status quant_tables(std::string_view body);
  Result<Scan> scan_header(std::string_view body) const;

  std::string_view bytes_;
  Frame frame_;
  std::array<HuffmanSpec, kTables> dc_, ac_;
  std::array<QuantTable, kTables> quant_;
  std::uint32_t tables_version_ = 0;
  std::size_t restart_interval_ = 0;
  std::uint32_t scans_ = 0;
  AppSegments apps_;
};

}  // namespace thumbmill::jpeg
