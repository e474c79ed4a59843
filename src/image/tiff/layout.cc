#include "image/tiff/layout.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <tiffio.h>

#include "image/limit_checks.h"

namespace thumbmill::tiff {
namespace {

// What is decoded for a pixel of the largest image that is allowed: four samples of 32 bits. It
// bounds the time for images with more or larger samples, and with tiles beyond their edges.
constexpr std::uint64_t kBytesPerPixel = 16;
// Each segment costs time of its own.
constexpr std::uint64_t kFewestPixelsPerSegment = 64;
constexpr std::uint64_t kSegmentsAlwaysAllowed = 100'000;
constexpr std::size_t kLargestProfile = 4 << 20;

Status unsupported(std::string what) {
  return Status(Code::unsupported, "a TIFF of a kind that is not read", std::move(what));
}

Status contradictory(std::string what) {
  return Status(Code::corrupt_input, "the image cannot be decoded", std::move(what));
}

template <typename T>
T tag(TIFF* file, std::uint32_t number, T otherwise) {
  T value = otherwise;
  return TIFFGetFieldDefaulted(file, number, &value) == 1 ? value : otherwise;
}

bool is_log(std::uint16_t compression) {
  return compression == COMPRESSION_SGILOG || compression == COMPRESSION_SGILOG24;
}

bool is_fax(std::uint16_t compression) {
  return compression == COMPRESSION_CCITTRLE || compression == COMPRESSION_CCITTRLEW ||
         compression == COMPRESSION_CCITTFAX3 || compression == COMPRESSION_CCITTFAX4;
}

Result<SampleFormat> sample_format(TIFF* file, int bits) {
  switch (tag<std::uint16_t>(file, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT)) {
    case SAMPLEFORMAT_UINT:
    case SAMPLEFORMAT_VOID:
      return SampleFormat::whole;
    case SAMPLEFORMAT_INT:
      return SampleFormat::with_sign;
    case SAMPLEFORMAT_IEEEFP:
      if (bits == 16 || bits == 24 || bits == 32 || bits == 64) return SampleFormat::real;
      return unsupported(fmt::format("{}-bit real samples", bits));
    default:
      return unsupported("complex samples");
  }
}

// Without a PhotometricInterpretation, what libtiff's own reader of RGBA takes it for.
std::uint16_t photometric_of(TIFF* file, const Layout& layout) {
  std::uint16_t value = 0;
  if (TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &value) == 1) return value;
  if (layout.samples_per_pixel >= 3) return PHOTOMETRIC_RGB;
  return is_fax(layout.compression) ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK;
}

Result<Colors> colors_of(TIFF* file, const Layout& layout) {
  const std::uint16_t photometric = photometric_of(file, layout);
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
      return Colors::white_is_zero;
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_MASK:
    case PHOTOMETRIC_CFA:
      return Colors::grey;
    case PHOTOMETRIC_RGB:
      return Colors::rgb;
    case PHOTOMETRIC_PALETTE:
      return Colors::palette;
    case PHOTOMETRIC_SEPARATED:
      // Inks other than cyan, magenta, yellow and black (section 16): the first one, as a grey.
      return layout.samples_per_pixel >= 3 ? Colors::cmyk : Colors::white_is_zero;
    case PHOTOMETRIC_YCBCR:
      // libtiff makes RGB of what JPEG has in interleaved components: see prepare().
      return layout.compression == COMPRESSION_JPEG && !layout.separate ? Colors::rgb
                                                                        : Colors::ycbcr;
    case PHOTOMETRIC_CIELAB:
      return Colors::cie_lab;
    case PHOTOMETRIC_ICCLAB:
      return Colors::icc_lab;
    case PHOTOMETRIC_ITULAB:
      return Colors::itu_lab;
    case PHOTOMETRIC_LOGL:
      if (is_log(layout.compression)) return Colors::grey;
      break;
    case PHOTOMETRIC_LOGLUV:
      if (is_log(layout.compression)) return Colors::rgb;
      break;
    default:
      break;
  }
  return unsupported(fmt::format("photometric interpretation {}", photometric));
}

std::size_t samples_of(Colors colors, std::size_t per_pixel) {
  switch (colors) {
    case Colors::grey:
    case Colors::white_is_zero:
    case Colors::palette:
      return 1;
    case Colors::cmyk:
      return std::min<std::size_t>(per_pixel, 4);
    case Colors::cie_lab:
    case Colors::icc_lab:
    case Colors::itu_lab:
      return per_pixel < 3 ? 1 : 3;
    default:
      return 3;
  }
}

// Which sample behind the colours is alpha, and of which kind: one that ExtraSamples calls so. A
// single one of which nothing is known is taken for it, too, as libtiff, libvips and ImageMagick
// do; of several they are anything, and of inks a further ink.
void find_alpha(TIFF* file, Layout& layout) {
  const std::size_t colors = layout.taken.size();
  if (layout.samples_per_pixel <= colors) return;
  std::uint16_t count = 0;
  const std::uint16_t* kinds = nullptr;
  if (TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &count, &kinds) != 1) count = 0;
  const std::size_t known_from =
      layout.samples_per_pixel - std::min<std::size_t>(layout.samples_per_pixel - colors, count);
  for (std::size_t i = known_from; i < layout.samples_per_pixel; ++i) {
    const std::uint16_t kind = kinds[count - (layout.samples_per_pixel - i)];
    if (kind != EXTRASAMPLE_ASSOCALPHA && kind != EXTRASAMPLE_UNASSALPHA) continue;
    layout.alpha = kind == EXTRASAMPLE_ASSOCALPHA ? Alpha::multiplied : Alpha::straight;
    layout.taken.push_back(static_cast<std::uint16_t>(i));
    return;
  }
  if (layout.samples_per_pixel == colors + 1 && layout.colors != Colors::cmyk) {
    layout.alpha = Alpha::straight;
    layout.taken.push_back(static_cast<std::uint16_t>(colors));
  }
}

Status read_ycbcr(TIFF* file, Layout& layout) {
  std::uint16_t across = 2, down = 2;
  TIFFGetFieldDefaulted(file, TIFFTAG_YCBCRSUBSAMPLING, &across, &down);
  const auto is_factor = [](int value) { return value == 1 || value == 2 || value == 4; };
  if (!is_factor(across) || !is_factor(down)) return contradictory("YCbCrSubSampling");
  layout.ycbcr.across = across;
  layout.ycbcr.down = down;
  const float* luma = nullptr;
  if (TIFFGetFieldDefaulted(file, TIFFTAG_YCBCRCOEFFICIENTS, &luma) == 1 && luma != nullptr) {
    const bool usable = std::all_of(luma, luma + 3, [](float v) { return v > 0.01f && v < 0.98f; });
    if (usable) std::copy_n(luma, 3, layout.ycbcr.luma.begin());
  }
  const float* reference = nullptr;
  if (TIFFGetFieldDefaulted(file, TIFFTAG_REFERENCEBLACKWHITE, &reference) == 1 &&
      reference != nullptr) {
    bool usable = true;
    for (int c = 0; c < 3; ++c) {
      const float range = reference[2 * c + 1] - reference[2 * c];
      usable = usable && std::isfinite(range) && std::abs(range) >= 1 && std::abs(range) < 65536 &&
               std::abs(reference[2 * c]) < 65536;
    }
    if (usable) std::copy_n(reference, 6, layout.ycbcr.reference.begin());
  }
  if (layout.bits != 8 || layout.format != SampleFormat::whole) {
    return unsupported(fmt::format("{}-bit YCbCr", layout.bits));
  }
  // With its chroma packed between its luma there is no place for more.
  if (!layout.subsampled()) return Status();
  if (layout.separate || layout.samples_per_pixel != 3) return unsupported("subsampled planes");
  layout.taken.resize(3);
  layout.alpha = Alpha::none;
  return Status();
}

Status read_colors(TIFF* file, Layout& layout) {
  ASSIGN_OR_RETURN(layout.format, sample_format(file, layout.bits));
  ASSIGN_OR_RETURN(layout.colors, colors_of(file, layout));
  const std::size_t count = samples_of(layout.colors, layout.samples_per_pixel);
  if (count > layout.samples_per_pixel) return contradictory("SamplesPerPixel");
  for (std::size_t i = 0; i < count; ++i) layout.taken.push_back(static_cast<std::uint16_t>(i));
  find_alpha(file, layout);
  switch (layout.colors) {
    case Colors::palette:
      if (layout.bits > 16 || layout.format == SampleFormat::real) return unsupported("palette");
      break;
    case Colors::ycbcr:
      return read_ycbcr(file, layout);
    case Colors::cie_lab:
    case Colors::icc_lab:
    case Colors::itu_lab:
      if (layout.bits != 8 && layout.bits != 16 && layout.format != SampleFormat::real) {
        return unsupported(fmt::format("{}-bit Lab", layout.bits));
      }
      break;
    default:
      break;
  }
  return Status();
}

// What libtiff gives for a segment is compared with what the tags say of it.
Status read_segments(TIFF* file, const ImageLimits& limits, Layout& layout) {
  layout.tiled = TIFFIsTiled(file) != 0;
  if (layout.tiled) {
    layout.segment = {tag<std::uint32_t>(file, TIFFTAG_TILEWIDTH, 0),
                      tag<std::uint32_t>(file, TIFFTAG_TILELENGTH, 0)};
  } else {
    const auto rows = tag<std::uint32_t>(file, TIFFTAG_ROWSPERSTRIP, ~std::uint32_t{0});
    layout.segment = {layout.size.width, std::min(rows, layout.size.height)};
  }
  const auto [width, height] = layout.segment;
  if (width == 0 || height == 0) return contradictory("segments of no size");
  const std::uint64_t per_pixel = layout.separate ? 1 : layout.samples_per_pixel;
  const std::uint64_t pixels = std::uint64_t{width} * height;
  const std::uint64_t most = limits.max_pixels * kBytesPerPixel;
  if (pixels > most) return contradictory("segments larger than any image");
  const std::uint64_t row_bytes = (width * per_pixel * static_cast<unsigned>(layout.bits) + 7) / 8;
  const std::uint64_t segments =
      std::uint64_t{layout.segments_across()} * layout.segments_down() * layout.planes();
  if (segments > kSegmentsAlwaysAllowed &&
      segments > std::uint64_t{layout.size.width} * layout.size.height / kFewestPixelsPerSegment) {
    return contradictory("more segments than an image of its size has");
  }
  if (row_bytes * height > most || row_bytes * height * segments > most) {
    return Status(Code::too_large,
                  fmt::format("the image has {} samples a pixel of {} bits, which is more than "
                              "max-pixels ({}) allows to decode",
                              layout.samples_per_pixel, layout.bits, limits.max_pixels));
  }
  const std::uint64_t given = layout.tiled ? TIFFTileSize64(file) : TIFFVStripSize64(file, height);
  const auto blocks = [](std::uint64_t pixels_, std::uint64_t side) {
    return (pixels_ + side - 1) / side;
  };
  const auto& [across, down, luma, reference] = layout.ycbcr;
  const std::uint64_t expected =
      layout.subsampled()
          ? blocks(width, across) * blocks(height, down) * (std::uint64_t{across} * down + 2)
          : row_bytes * height;
  if (given != expected) return contradictory("the size of a segment");
  if (!layout.tiled && !layout.subsampled() && TIFFScanlineSize64(file) != row_bytes) {
    return contradictory("the size of a row");
  }
  layout.row_bytes = row_bytes;
  layout.segment_bytes = expected;
  return Status();
}

}  // namespace

void prepare(TiffFile& file) {
  TIFF* const handle = file.get();
  const auto compression = tag<std::uint16_t>(handle, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  const auto photometric = tag<std::uint16_t>(handle, TIFFTAG_PHOTOMETRIC, 0);
  const auto planar = tag<std::uint16_t>(handle, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  if (compression == COMPRESSION_JPEG && photometric == PHOTOMETRIC_YCBCR &&
      planar == PLANARCONFIG_CONTIG) {
    TIFFSetField(handle, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  if (is_log(compression) &&
      (photometric == PHOTOMETRIC_LOGLUV || photometric == PHOTOMETRIC_LOGL)) {
    TIFFSetField(handle, TIFFTAG_SGILOGDATAFMT, SGILOGDATAFMT_8BIT);
  }
}

Result<Layout> read_layout(TiffFile& file, const ImageLimits& limits) {
  TIFF* const handle = file.get();
  Layout layout;
  layout.size = {tag<std::uint32_t>(handle, TIFFTAG_IMAGEWIDTH, 0),
                 tag<std::uint32_t>(handle, TIFFTAG_IMAGELENGTH, 0)};
  RETURN_IF_ERROR(check_size(layout.size.width, layout.size.height, limits));
  if (layout.size.width == 0 || layout.size.height == 0) return contradictory("no size");
  layout.compression = tag<std::uint16_t>(handle, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  if (TIFFIsCODECConfigured(layout.compression) == 0) {
    return unsupported(fmt::format("compression {}", layout.compression));
  }
  layout.bits = tag<std::uint16_t>(handle, TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples_per_pixel = tag<std::uint16_t>(handle, TIFFTAG_SAMPLESPERPIXEL, 1);
  if (layout.samples_per_pixel == 0) return contradictory("no samples");
  if (layout.bits < 1 || layout.bits > 64) {
    return unsupported(fmt::format("{} bits a sample", layout.bits));
  }
  layout.separate = layout.samples_per_pixel > 1 &&
                    tag<std::uint16_t>(handle, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) ==
                        PLANARCONFIG_SEPARATE;
  const auto orientation = tag<std::uint16_t>(handle, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  if (orientation >= 1 && orientation <= 8) layout.orientation = orientation;
  RETURN_IF_ERROR(read_colors(handle, layout));
  RETURN_IF_ERROR(read_segments(handle, limits, layout));
  return layout;
}

std::vector<std::array<std::uint16_t, 3>> read_palette(TiffFile& file, const Layout& layout) {
  const std::uint16_t* red = nullptr;
  const std::uint16_t* green = nullptr;
  const std::uint16_t* blue = nullptr;
  if (TIFFGetField(file.get(), TIFFTAG_COLORMAP, &red, &green, &blue) != 1) return {};
  // libtiff keeps a map of as many entries as there are indices.
  const std::size_t count = std::size_t{1} << layout.bits;
  // Some writers give bytes, as libtiff's and ImageMagick's readers know (section 5 has words).
  const auto is_byte = [](std::uint16_t value) { return value < 256; };
  const bool bytes = std::all_of(red, red + count, is_byte) &&
                     std::all_of(green, green + count, is_byte) &&
                     std::all_of(blue, blue + count, is_byte);
  const unsigned factor = bytes ? 257 : 1;
  std::vector<std::array<std::uint16_t, 3>> palette(count);
  for (std::size_t i = 0; i < count; ++i) {
    palette[i] = {static_cast<std::uint16_t>(red[i] * factor),
                  static_cast<std::uint16_t>(green[i] * factor),
                  static_cast<std::uint16_t>(blue[i] * factor)};
  }
  return palette;
}

std::string read_profile(TiffFile& file) {
  std::uint32_t size = 0;
  const void* bytes = nullptr;
  if (TIFFGetField(file.get(), TIFFTAG_ICCPROFILE, &size, &bytes) != 1 || bytes == nullptr)
    return {};
  if (size > kLargestProfile) return {};
  return std::string(static_cast<const char*>(bytes), size);
}

}  // namespace thumbmill::tiff
