#include "image/png/color_chunks.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>

#include <libdeflate.h>

namespace thumbmill {
namespace {

constexpr double kScale = 100'000;  // of gAMA and cHRM (PNG 3rd edition 11.3.2.1, 11.3.2.2)

// The colour space of an ICC profile's data (ICC.1:2010 7.2.6).
constexpr std::size_t kSpaceAt = 16;
constexpr std::string_view kRgb = "RGB ", kGrey = "GRAY";

std::uint32_t number_at(std::string_view data, std::size_t at) {
  std::uint32_t value = 0;
  for (const char byte : data.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::uint8_t byte_at(std::string_view data, std::size_t at) {
  return static_cast<std::uint8_t>(data[at]);
}

// Samples of BT.709's family are for a screen with a gamma of 2.4 (ITU-R BT.1886).
bool is_for_bt1886(std::uint8_t transfer) {
  constexpr std::uint8_t kCodes[] = {1, 6, 11, 14, 15};  // H.273 table 3
  return std::find(std::begin(kCodes), std::end(kCodes), transfer) != std::end(kCodes);
}

bool is_known(const planar::Cicp& cicp) {
  constexpr std::uint8_t kOthers[] = {4, 5, 7, 8, 13, 16, 17, 18};
  const bool transfer =
      is_for_bt1886(cicp.transfer) ||
      std::find(std::begin(kOthers), std::end(kOthers), cicp.transfer) != std::end(kOthers);
  return transfer && planar::primaries_of(cicp.primaries).has_value();
}

// 11.3.2.6. RGB has no matrix; samples of a narrow range are not shown by any browser.
std::optional<planar::Cicp> read_cicp(std::string_view data) {
  if (data.size() != 4 || byte_at(data, 2) != 0 || byte_at(data, 3) != 1) return std::nullopt;
  const planar::Cicp cicp{byte_at(data, 0), byte_at(data, 1)};
  return is_known(cicp) ? std::optional(cicp) : std::nullopt;
}

std::optional<planar::Primaries> read_primaries(std::string_view data) {
  if (data.size() != 32) return std::nullopt;
  const auto point = [&](std::size_t i) {
    return planar::Chromaticity{number_at(data, 8 * i) / kScale,
                                number_at(data, 8 * i + 4) / kScale};
  };
  return planar::Primaries{point(1), point(2), point(3), point(0)};
}

// MaxCLL of CTA-861.3, of which 10,000 units are one candela a square metre (11.3.2.8). 0: unknown.
std::optional<double> read_peak(std::string_view data) {
  constexpr double kPeakScale = 10'000;
  if (data.size() != 8 || number_at(data, 0) == 0) return std::nullopt;
  return number_at(data, 0) / kPeakScale;
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// The profile of an iCCP chunk (11.3.2.3). Empty when it cannot be inflated to 4 MiB at most.
std::string inflated(std::string_view chunk) {
  constexpr std::size_t kLongestName = 80;  // one more than the standard's
  constexpr std::size_t kFirstGuess = 16 << 10;
  constexpr std::size_t kMostProfile = 4 << 20;
  const std::size_t name = chunk.substr(0, kLongestName + 1).find('\0');
  // Behind the name, 0 for the only way of compression.
  if (name == 0 || name == std::string_view::npos || name + 2 > chunk.size() ||
      chunk[name + 1] != 0) {
    return {};
  }
  const std::string_view packed = chunk.substr(name + 2);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  for (std::size_t room = kFirstGuess; room <= kMostProfile; room *= 4) {
    std::string profile(room, '\0');
    std::size_t size = 0;
    const libdeflate_result result = libdeflate_zlib_decompress(
        decompressor.get(), packed.data(), packed.size(), profile.data(), profile.size(), &size);
    if (result == LIBDEFLATE_SUCCESS) return profile.substr(0, size);
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return {};
  }
  return {};
}

// Whether the bytes begin as a profile does (ICC.1:2010 7.2), and are all of it.
bool is_profile(std::string_view bytes) {
  constexpr std::size_t kHeader = 128, kSignatureAt = 36;
  return bytes.size() > kHeader && number_at(bytes, 0) <= bytes.size() &&
         bytes.substr(kSignatureAt, 4) == "acsp";
}

// Of gAMA with or without cHRM. cHRM alone says nothing of the curve, and is ignored.
std::string profile_of_gamma(const PngColorChunks& chunks) {
  constexpr double kUsual = 2.2;
  constexpr double kThreshold = 0.05;  // libpng's: a screen does not differ by less
  if (!chunks.gamma) return {};
  const double gamma = *chunks.gamma / kScale;
  const double times_usual = gamma * kUsual;
  const bool usual = times_usual > 1 - kThreshold && times_usual < 1 + kThreshold;
  if (!chunks.primaries && usual) return {};
  return planar::profile_of(chunks.primaries, 1 / gamma);
}

}  // namespace

bool is_color_chunk(std::string_view type) {
  constexpr std::string_view kTypes[] = {"cICP", "iCCP", "sRGB", "gAMA", "cHRM", "cLLI"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

void take_color_chunk(std::string_view type, std::string_view data, PngColorChunks& chunks) {
  if (type == "cICP" && !chunks.cicp) {
    chunks.cicp = read_cicp(data);
  } else if (type == "iCCP" && chunks.profile.empty()) {
    chunks.profile = data;
  } else if (type == "sRGB" && data.size() == 1) {
    constexpr std::uint8_t kIntents = 4;
    if (byte_at(data, 0) < kIntents) chunks.srgb = true;
  } else if (type == "gAMA" && !chunks.gamma && data.size() == 4) {
    if (const std::uint32_t gamma = number_at(data, 0); gamma != 0) chunks.gamma = gamma;
  } else if (type == "cHRM" && !chunks.primaries) {
    chunks.primaries = read_primaries(data);
  } else if (type == "cLLI" && !chunks.peak) {
    chunks.peak = read_peak(data);
  }
}

bool PngColors::is_rgb() const {
  return profile.size() > kSpaceAt && profile.compare(kSpaceAt, 4, kRgb) == 0;
}

PngColors png_colors(const PngColorChunks& chunks, bool grey) {
  PngColors colors;
  if (chunks.cicp) {
    if (planar::is_hdr(*chunks.cicp)) {
      colors.hdr = chunks.cicp;
      colors.peak = chunks.peak.value_or(planar::kUsualPeak);
    } else if (is_for_bt1886(chunks.cicp->transfer)) {
      colors.profile = planar::profile_of(planar::primaries_of(chunks.cicp->primaries), 2.4);
    } else {
      colors.profile = planar::profile_of(*chunks.cicp);
    }
    return colors;
  }
  if (std::string profile = inflated(chunks.profile); is_profile(profile)) {
    const std::string_view space = std::string_view(profile).substr(kSpaceAt, 4);
    // One of other colours than the picture's counts as sRGB.
    if (space == kRgb || (space == kGrey && grey)) colors.profile = std::move(profile);
    return colors;
  }
  if (!chunks.srgb) colors.profile = profile_of_gamma(chunks);
  return colors;
}

}  // namespace thumbmill
