// HEIF files for tests, written box by box around pictures that libheif's encoders made.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "image/heif/coded_picture.h"
#include "image/heif/properties.h"
#include "image/heif/still_image.h"
#include "model/rendition.h"

namespace thumbmill::heif {

/// Big-endian.
std::string number(std::uint64_t value, std::size_t bytes);
std::string box(const std::string& type, const std::string& body);
std::string full_box(const std::string& type, int version, std::uint32_t flags,
                     const std::string& body);

/// Bodies of properties, with version and flags where they have them.
std::string ispe(SizePx size);
std::string nclx(const ColorCodes& codes);
std::string icc(const std::string& profile);
std::string clap(std::int32_t width, std::int32_t height, std::int32_t across2, std::int32_t down2);
std::string aux_alpha();
/// Body of a grid item.
std::string grid(std::uint32_t columns, std::uint32_t rows, SizePx size);

/// Samples as an encoder takes them.
struct RawPicture {
  SizePx size;
  int bits = 8;
  Chroma chroma;
  ColorCodes codes{1, 13, 6, true};
  /// Red, green and blue, 0 to 1, at a place from 0 to 1 in both directions.
  std::function<std::array<double, 3>(double x, double y)> color;
};

/// Red | green over blue | yellow.
std::array<double, 3> four_quarters(double x, double y);

/// A coded picture with the body of its configuration property.
struct CodedItem {
  Codec codec = Codec::hevc;
  SizePx size;
  std::string config;
  std::string bytes;
};

/// Encodes losslessly, or at `quality`.
CodedItem encode(const RawPicture& picture, Codec codec, int quality = 0);

/// A file to be: items, properties, references.
class HeifFile {
 public:
  struct Use {
    std::size_t property;  ///< from add_property()
    bool essential = false;
  };

  /// Ids count from 1; the first item is primary unless `primary` is set.
  std::uint32_t add_item(const std::string& type, const std::string& bytes, bool in_idat = false);
  /// With its size and configuration, and whatever else is given.
  std::uint32_t add_coded(const CodedItem& coded, const std::vector<Use>& uses = {});
  std::size_t add_property(const std::string& type, const std::string& body);
  void use(std::uint32_t item, const Use& use) { uses_[item].push_back(use); }
  void refer(const std::string& type, std::uint32_t from, const std::vector<std::uint32_t>& to);
  std::string build() const;

  std::uint32_t primary = 1;

 private:
  struct Item {
    std::string type, bytes;
    bool in_idat = false;
  };
  std::string meta(std::size_t data_at) const;

  std::vector<Item> items_;
  std::vector<std::pair<std::string, std::string>> properties_;
  std::map<std::uint32_t, std::vector<Use>> uses_;
  std::string references_;
};

/// A picture of `size` in tiles of `tile`, the last of which hang over the edge. `color` is of the
/// whole. Its item is the first one; `more` may add others.
struct TiledPicture {
  Codec codec = Codec::hevc;
  SizePx tile{64, 64};
  std::uint32_t columns = 1, rows = 1;
  SizePx size;
  std::function<std::array<double, 3>(double x, double y)> color = four_quarters;
  std::vector<std::pair<std::string, std::string>> properties = {};  ///< type and body
  std::function<void(HeifFile& file)> more = {};
};
std::string tiled(const TiledPicture& picture);

/// A file with one picture and these properties: type and body.
std::string one_picture(const CodedItem& coded,
                        const std::vector<std::pair<std::string, std::string>>& properties = {});

}  // namespace thumbmill::heif
