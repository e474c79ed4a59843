// A HEIF file as it is seen, for tests: decoded, upright, in sRGB.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "heif_files.h"
#include "image/heif/heif_kernel.h"
#include "image/planar/color.h"
#include "image/planar/render.h"

namespace thumbmill::heif {

using Rgb = std::array<int, 3>;

inline constexpr Chroma kGrey{}, k420{true, 2, 2}, k422{true, 2, 1}, k444{true, 1, 1};
inline constexpr Codec kCodecs[] = {Codec::hevc, Codec::av1};

inline ThumbnailRequest request_for(std::uint32_t side, const ImageLimits& limits = {}) {
  ThumbnailRequest request;
  request.renditions = {{.width_px = side, .height_px = side}};
  request.limits = limits;
  return request;
}

// A decoded file as it is seen: upright, in sRGB, within a box of `side` pixels.
struct Seen {
  Status status;
  SizePx source;
  planar::Pixels pixels;

  // At a place from 0 to 1; alpha apart.
  Rgb at(double x, double y) const {
    const std::uint8_t* p = pixel(x, y);
    return {p[0], p[1], p[2]};
  }
  int alpha(double x, double y) const { return pixels.channels == 4 ? pixel(x, y)[3] : 255; }

 private:
  const std::uint8_t* pixel(double x, double y) const {
    const auto column = static_cast<std::size_t>(x * pixels.size.width);
    const auto row = static_cast<std::size_t>(y * pixels.size.height);
    return pixels.bytes.data() + (row * pixels.size.width + column) * pixels.channels;
  }
};

inline Seen look_at(const std::string& file, std::uint32_t side,
                    Result<planar::Decoded> (*decode)(std::string_view,
                                                      const ThumbnailRequest&) = decode_by_tiles) {
  const ThumbnailRequest request = request_for(side);
  auto decoded = decode(file, request);
  if (!decoded.ok()) return {decoded.status(), {}, {}};
  planar::ProfileCache profiles;
  const auto transform = profiles.find(decoded->profile, decoded->picture.model);
  const FitPlan plan = plan_fit(decoded->size, request.renditions[0]);
  return {Status(), decoded->size,
          planar::to_srgb(planar::render(decoded->picture, plan, 1), transform.get())};
}

inline int distance(const Rgb& a, const Rgb& b) {
  int most = 0;
  for (std::size_t i = 0; i < 3; ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

inline Rgb in_8_bits(const std::array<double, 3>& color) {
  return {static_cast<int>(std::lround(color[0] * 255)),
          static_cast<int>(std::lround(color[1] * 255)),
          static_cast<int>(std::lround(color[2] * 255))};
}

// The middle of each quarter is what `color` says it is.
inline void expect_quarters(const Seen& seen, int most, const std::string& what,
                            std::array<double, 3> (*color)(double, double) = four_quarters) {
  ASSERT_TRUE(seen.status.ok()) << what << ": " << seen.status.to_string();
  for (const double x : {0.25, 0.75}) {
    for (const double y : {0.25, 0.75}) {
      EXPECT_LE(distance(seen.at(x, y), in_8_bits(color(x, y))), most)
          << what << " at " << x << ", " << y << ": " << testing::PrintToString(seen.at(x, y));
    }
  }
}

inline RawPicture quarters(SizePx size, Chroma chroma = k420) {
  return {size, 8, chroma, {1, 13, 6, true}, four_quarters};
}

}  // namespace thumbmill::heif
