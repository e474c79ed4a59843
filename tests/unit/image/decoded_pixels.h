// What a decoder made of a file, pixel by pixel: for tests of decoders at full size. Uses no image
// library.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "image/planar/render.h"
#include "image/planar/rendition_maker.h"

namespace thumbmill {

using Rgba = std::array<int, 4>;

/// Upright pixels: red, green, blue, and alpha, by which the others are not multiplied. What is
/// clear is {0, 0, 0, 0}.
struct DecodedPixels {
  SizePx size;
  std::vector<Rgba> pixels;

  Rgba at(std::size_t x, std::size_t y) const { return pixels.at(y * size.width + x); }
  /// Rows as text, for pictures of few colours: a letter of `names` for each color.
  std::string drawn(const std::vector<std::pair<char, Rgba>>& names) const {
    std::string text;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const auto named = std::find_if(names.begin(), names.end(),
                                      [&](const auto& name) { return name.second == pixels[i]; });
      text += named == names.end() ? '?' : named->first;
      if ((i + 1) % size.width == 0) text += '/';
    }
    return text;
  }
};

/// Of a picture that was not reduced.
inline DecodedPixels decoded_pixels(const planar::Decoded& decoded) {
  const SizePx size = decoded.size;
  const planar::Picture upright = planar::render(decoded.picture, FitPlan{size, size, size}, 1);
  DecodedPixels made{size, {}};
  const std::size_t colors = upright.planes.size() - (upright.has_alpha ? 1 : 0);
  for (std::size_t y = 0; y < size.height; ++y) {
    for (std::size_t x = 0; x < size.width; ++x) {
      Rgba pixel{0, 0, 0, 255};
      if (upright.has_alpha) pixel[3] = upright.planes.back().row(y)[x];
      for (std::size_t c = 0; c < 3 && pixel[3] > 0; ++c) {
        const int value = upright.planes[colors == 1 ? 0 : c].row(y)[x];
        pixel[c] = std::min(255, (value * 255 + pixel[3] / 2) / pixel[3]);
      }
      made.pixels.push_back(pixel);
    }
  }
  return made;
}

using DecodeFunction = Result<planar::Decoded> (*)(std::string_view, const ThumbnailRequest&);

/// At full size. A failed decode fails the test, and gives no pixels.
inline DecodedPixels decode_whole(DecodeFunction decode, const std::string& file) {
  ThumbnailRequest request;
  request.source = Blob(file);
  request.renditions = {RenditionSpec{.width_px = 8192, .height_px = 8192}};
  // A copy of its own of exactly this size lets AddressSanitizer see a read past the end.
  const std::vector<char> copy(file.begin(), file.end());
  const auto decoded = decode({copy.data(), copy.size()}, request);
  EXPECT_TRUE(decoded.ok()) << decoded.status().to_string();
  return decoded.ok() ? decoded_pixels(*decoded) : DecodedPixels();
}

/// What decoding ends with.
inline Code decode_code(DecodeFunction decode, const std::string& file, std::uint32_t side = 8192,
                        const ImageLimits& limits = {}) {
  ThumbnailRequest request;
  request.source = Blob(file);
  request.renditions = {RenditionSpec{.width_px = side, .height_px = side}};
  request.limits = limits;
  const std::vector<char> copy(file.begin(), file.end());
  return decode({copy.data(), copy.size()}, request).status().code();
}

/// Limits and memory must come before pixels: `file` has more than 1 x 1 pixels.
inline void expect_limits_before_pixels(DecodeFunction decode, const std::string& file) {
  ImageLimits limits;
  limits.max_pixels = 1;
  EXPECT_EQ(decode_code(decode, file, 10, limits), Code::too_large);
  limits = {};
  limits.max_side_px = 1;
  EXPECT_EQ(decode_code(decode, file, 10, limits), Code::too_large);
  ThumbnailRequest request;
  request.source = Blob(file);
  request.renditions = {RenditionSpec()};
  request.admit = [](std::uint64_t bytes) {
    EXPECT_GT(bytes, 0u);
    return Status(Code::exhausted, "no memory now");
  };
  EXPECT_EQ(decode(file, request).status().code(), Code::exhausted);
}

/// Every beginning of `file` must end in a picture or in one of the permanent errors. The number of
/// beginnings that give a picture.
inline std::size_t decode_every_prefix(DecodeFunction decode, const std::string& file) {
  std::size_t pictures = 0;
  for (std::size_t size = 0; size < file.size(); ++size) {
    const Code code = decode_code(decode, file.substr(0, size), 4);
    EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
                code == Code::too_large)
        << size << ": " << code_name(code);
    if (code == Code::ok) ++pictures;
  }
  return pictures;
}

/// The same for files with a few bytes replaced, the same ones in every run.
inline void decode_damaged(DecodeFunction decode, const std::string& file, int count = 2000) {
  std::uint32_t state = 12345;
  const auto random = [&](std::size_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  ImageLimits limits;
  limits.max_pixels = 1 << 20;
  for (int i = 0; i < count; ++i) {
    std::string damaged = file;
    for (std::size_t k = random(4) + 1; k-- > 0;) {
      damaged[random(damaged.size())] = static_cast<char>(random(256));
    }
    const Code code = decode_code(decode, damaged, 4, limits);
    EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
                code == Code::too_large)
        << i << ": " << code_name(code);
  }
}

}  // namespace thumbmill
