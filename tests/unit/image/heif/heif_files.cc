#include "heif_files.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include <libheif/heif.h>

#include "base/status.h"
#include "image/heif/container.h"
#include "image/heif/libheif_decoder.h"
#include "image/heif/pixel_rows.h"

// LeakSanitizer's hook, under its name: x265 3.5 leaks. Weak, for pictures.cc has it, too.
extern "C" __attribute__((weak)) const char* __lsan_default_suppressions();  // NOLINT
const char* __lsan_default_suppressions() { return "leak:libx265\n"; }       // NOLINT

namespace thumbmill::heif {
namespace {

void check(const heif_error& error) { THUMBMILL_CHECK(error.code == heif_error_Ok); }

heif_chroma chroma_of(const Chroma& chroma) {
  if (!chroma.present) return heif_chroma_monochrome;
  if (chroma.divisor_y == 2) return heif_chroma_420;
  return chroma.divisor_x == 2 ? heif_chroma_422 : heif_chroma_444;
}

// Luma and the differences, 0 to 1 and -0.5 to 0.5; or green, blue and red.
std::array<double, 3> encoded(const RawPicture& picture, const std::array<double, 3>& rgb) {
  const auto weights = luma_weights(picture.codes);
  if (!weights) return {rgb[1], rgb[2], rgb[0]};
  const double kr = weights->red, kb = weights->blue;
  const double luma = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
  return {luma, (rgb[2] - luma) / (2 * (1 - kb)), (rgb[0] - luma) / (2 * (1 - kr))};
}

int quantised(const RawPicture& picture, double value, bool difference) {
  const int unit = 1 << (picture.bits - 8), most = (256 << (picture.bits - 8)) - 1;
  const double zero = difference ? 128 * unit : (picture.codes.full_range ? 0 : 16 * unit);
  const double scale = picture.codes.full_range ? most : (difference ? 224.0 * unit : 219.0 * unit);
  return std::clamp(static_cast<int>(std::lround(zero + value * scale)), 0, most);
}

void fill(const RawPicture& picture, heif_image* image, std::size_t plane) {
  constexpr heif_channel kChannels[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
  const std::uint32_t dx = plane > 0 ? picture.chroma.divisor_x : 1;
  const std::uint32_t dy = plane > 0 ? picture.chroma.divisor_y : 1;
  const std::uint32_t width = (picture.size.width + dx - 1) / dx;
  const std::uint32_t height = (picture.size.height + dy - 1) / dy;
  const heif_channel channel = kChannels[plane];
  check(heif_image_add_plane(image, channel, static_cast<int>(width), static_cast<int>(height),
                             picture.bits));
  int stride = 0;
  std::uint8_t* const samples = heif_image_get_plane(image, channel, &stride);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const auto rgb =
          picture.color((x + 0.5) * dx / picture.size.width, (y + 0.5) * dy / picture.size.height);
      const int value = quantised(picture, encoded(picture, rgb)[plane],
                                  plane > 0 && luma_weights(picture.codes).has_value());
      std::uint8_t* const at = samples + y * static_cast<std::size_t>(stride);
      if (picture.bits == 8) {
        at[x] = static_cast<std::uint8_t>(value);
      } else {
        const auto wide = static_cast<std::uint16_t>(value);
        std::memcpy(at + 2 * x, &wide, sizeof wide);
      }
    }
  }
}

heif_error append(heif_context*, const void* data, std::size_t size, void* file) {
  static_cast<std::string*>(file)->append(static_cast<const char*>(data), size);
  return {heif_error_Ok, heif_suberror_Unspecified, ""};
}

std::string encode_file(heif_image* image, Codec codec, const Chroma& chroma, int quality) {
  const std::unique_ptr<heif_context, void (*)(heif_context*)> context(heif_context_alloc(),
                                                                       heif_context_free);
  heif_encoder* encoder = nullptr;
  const auto format = codec == Codec::hevc ? heif_compression_HEVC : heif_compression_AV1;
  check(heif_context_get_encoder_for_format(context.get(), format, &encoder));
  const std::unique_ptr<heif_encoder, void (*)(heif_encoder*)> owned(encoder, heif_encoder_release);
  check(quality == 0 ? heif_encoder_set_lossless(encoder, 1)
                     : heif_encoder_set_lossy_quality(encoder, quality));
  const char* const name =
      chroma.divisor_y == 2 || !chroma.present ? "420" : (chroma.divisor_x == 2 ? "422" : "444");
  check(heif_encoder_set_parameter_string(encoder, "chroma", name));
  heif_image_handle* handle = nullptr;
  check(heif_context_encode_image(context.get(), image, encoder, nullptr, &handle));
  heif_image_handle_release(handle);
  std::string file;
  heif_writer writer{1, append};
  check(heif_context_write(context.get(), &writer, &file));
  return file;
}

}  // namespace

std::string number(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) {
    text.push_back(i < sizeof value ? static_cast<char>(value >> (8 * i)) : '\0');
  }
  return text;
}

std::string box(const std::string& type, const std::string& body) {
  return number(body.size() + 8, 4) + type + body;
}

std::string full_box(const std::string& type, int version, std::uint32_t flags,
                     const std::string& body) {
  return box(type, number(static_cast<std::uint64_t>(version), 1) + number(flags, 3) + body);
}

std::string ispe(SizePx size) {
  return number(0, 4) + number(size.width, 4) + number(size.height, 4);
}

std::string nclx(const ColorCodes& codes) {
  return "nclx" + number(codes.primaries, 2) + number(codes.transfer, 2) + number(codes.matrix, 2) +
         number(codes.full_range ? 0x80 : 0, 1);
}

std::string icc(const std::string& profile) { return "prof" + profile; }

std::string clap(std::int32_t width, std::int32_t height, std::int32_t across2,
                 std::int32_t down2) {
  const auto fraction = [](std::int32_t n, std::uint32_t d) {
    return number(static_cast<std::uint32_t>(n), 4) + number(d, 4);
  };
  return fraction(width, 1) + fraction(height, 1) + fraction(across2, 2) + fraction(down2, 2);
}

std::string aux_alpha() {
  return number(0, 4) + "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" + number(0, 1);
}

std::string grid(std::uint32_t columns, std::uint32_t rows, SizePx size) {
  return number(0, 1) + number(1, 1) + number(rows - 1, 1) + number(columns - 1, 1) +
         number(size.width, 4) + number(size.height, 4);
}

std::array<double, 3> four_quarters(double x, double y) {
  if (y < 0.5) return x < 0.5 ? std::array{0.86, 0.16, 0.16} : std::array{0.16, 0.7, 0.24};
  return x < 0.5 ? std::array{0.2, 0.24, 0.78} : std::array{0.9, 0.82, 0.2};
}

CodedItem encode(const RawPicture& picture, Codec codec, int quality) {
  warm_up_libheif();
  heif_image* image = nullptr;
  const bool grey = !picture.chroma.present;
  check(heif_image_create(static_cast<int>(picture.size.width),
                          static_cast<int>(picture.size.height),
                          grey ? heif_colorspace_monochrome : heif_colorspace_YCbCr,
                          chroma_of(picture.chroma), &image));
  const std::unique_ptr<heif_image, void (*)(const heif_image*)> owned(image, heif_image_release);
  for (std::size_t plane = 0; plane < (grey ? 1u : 3u); ++plane) fill(picture, image, plane);
  // What the encoder writes into the bitstream, and converts nothing for.
  heif_color_profile_nclx* const codes = heif_nclx_color_profile_alloc();
  codes->color_primaries = static_cast<heif_color_primaries>(picture.codes.primaries);
  codes->transfer_characteristics =
      static_cast<heif_transfer_characteristics>(picture.codes.transfer);
  codes->matrix_coefficients = static_cast<heif_matrix_coefficients>(picture.codes.matrix);
  codes->full_range_flag = picture.codes.full_range;
  check(heif_image_set_nclx_color_profile(image, codes));
  heif_nclx_color_profile_free(codes);
  const std::string file = encode_file(image, codec, picture.chroma, quality);
  const Container container = read_container(file).value();
  const Item& item = *container.find(container.primary);
  const Properties properties = read_properties_of(container, item).value();
  std::string joined;
  const std::string bytes(item_bytes(container, item, joined).value());
  return {codec, picture.size, std::string(codec == Codec::hevc ? properties.hevc : properties.av1),
          bytes};
}

std::uint32_t HeifFile::add_item(const std::string& type, const std::string& bytes, bool in_idat) {
  items_.push_back({type, bytes, in_idat});
  return static_cast<std::uint32_t>(items_.size());
}

std::uint32_t HeifFile::add_coded(const CodedItem& coded, const std::vector<Use>& uses) {
  const bool hevc = coded.codec == Codec::hevc;
  const std::uint32_t id = add_item(hevc ? "hvc1" : "av01", coded.bytes);
  use(id, {add_property("ispe", ispe(coded.size))});
  use(id, {add_property(hevc ? "hvcC" : "av1C", coded.config), true});
  for (const Use& other : uses) use(id, other);
  return id;
}

std::size_t HeifFile::add_property(const std::string& type, const std::string& body) {
  const auto same = std::find(properties_.begin(), properties_.end(), std::pair(type, body));
  if (same != properties_.end()) return static_cast<std::size_t>(same - properties_.begin());
  properties_.emplace_back(type, body);
  return properties_.size() - 1;
}

void HeifFile::refer(const std::string& type, std::uint32_t from,
                     const std::vector<std::uint32_t>& to) {
  std::string body = number(from, 2) + number(to.size(), 2);
  for (const std::uint32_t id : to) body += number(id, 2);
  references_ += box(type, body);
}

std::string HeifFile::meta(std::size_t data_at) const {
  std::string entries, places, properties, uses, item_data;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    entries += full_box("infe", 2, 0, number(i + 1, 2) + number(0, 2) + item.type + number(0, 1));
    const std::size_t at = item.in_idat ? item_data.size() : data_at;
    places += number(i + 1, 2) + number(item.in_idat ? 1 : 0, 2) + number(0, 2) + number(1, 2) +
              number(at, 4) + number(item.bytes.size(), 4);
    if (item.in_idat) item_data += item.bytes;
    if (!item.in_idat) data_at += item.bytes.size();
  }
  for (const auto& [type, body] : properties_) properties += box(type, body);
  for (const auto& [item, own] : uses_) {
    uses += number(item, 2) + number(own.size(), 1);
    for (const Use& one : own) {
      uses += number((one.property + 1) | (one.essential ? 0x8000u : 0u), 2);
    }
  }
  return full_box(
      "meta", 0, 0,
      full_box("hdlr", 0, 0, number(0, 4) + "pict" + number(0, 13)) +
          full_box("pitm", 0, 0, number(primary, 2)) +
          full_box("iinf", 0, 0, number(items_.size(), 2) + entries) +
          full_box("iref", 0, 0, references_) +
          box("iprp",
              box("ipco", properties) + full_box("ipma", 0, 1, number(uses_.size(), 4) + uses)) +
          box("idat", item_data) +
          full_box("iloc", 1, 0, number(0x4400, 2) + number(items_.size(), 2) + places));
}

std::string HeifFile::build() const {
  const std::string type = box("ftyp", "mif1" + number(0, 4) + "mif1" + "heic" + "avif");
  const std::size_t data_at = type.size() + meta(0).size() + 8;
  std::string data;
  for (const Item& item : items_) data += item.in_idat ? "" : item.bytes;
  return type + meta(data_at) + box("mdat", data);
}

std::string tiled(const TiledPicture& picture) {
  HeifFile file;
  const std::uint32_t columns = picture.columns, rows = picture.rows;
  const auto id = file.add_item("grid", grid(columns, rows, picture.size), true);
  file.use(id, {file.add_property("ispe", ispe(picture.size))});
  for (const auto& [type, body] : picture.properties) {
    file.use(id, {file.add_property(type, body), type != "colr"});
  }
  std::vector<std::uint32_t> tiles;
  for (std::uint32_t i = 0; i < columns * rows; ++i) {
    RawPicture tile{picture.tile, 8, {true, 2, 2}, {1, 13, 6, true}, {}};
    const double left = i % columns * picture.tile.width, top = i / columns * picture.tile.height;
    tile.color = [=, &picture](double x, double y) {
      return picture.color((left + x * picture.tile.width) / picture.size.width,
                           (top + y * picture.tile.height) / picture.size.height);
    };
    tiles.push_back(file.add_coded(encode(tile, picture.codec)));
  }
  file.refer("dimg", id, tiles);
  if (picture.more) picture.more(file);
  return file.build();
}

std::string one_picture(const CodedItem& coded,
                        const std::vector<std::pair<std::string, std::string>>& properties) {
  HeifFile file;
  std::vector<HeifFile::Use> uses;
  for (const auto& [type, body] : properties) {
    uses.push_back({file.add_property(type, body), type != "colr"});
  }
  file.add_coded(coded, uses);
  return file.build();
}

}  // namespace thumbmill::heif
