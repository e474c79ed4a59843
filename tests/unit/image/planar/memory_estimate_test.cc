// What a thumbnail's memory is taken to be before its pixels are.
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image/planar/render.h"
#include "image/planar/rendition_maker.h"

namespace thumbmill::planar {
namespace {

std::uint64_t estimate(SizePx source, const RenditionSpec& spec) {
  ThumbnailRequest request;
  request.renditions = {spec};
  std::uint64_t asked = 0;
  request.admit = [&](std::uint64_t bytes) {
    asked = bytes;
    return Status();
  };
  EXPECT_TRUE(ask_for_memory(request, source, 0).ok());
  return asked;
}

// However thin the source, no more is made than twice the box.
TEST(MemoryEstimate, CountsWhatIsMadeInEveryFit) {
  constexpr std::uint64_t kBox = 200 * 200;
  constexpr std::uint64_t kBase = 8 << 20;
  for (const Fit fit : {Fit::inside, Fit::cover, Fit::contain, Fit::fill}) {
    for (const bool enlarge : {false, true}) {
      for (const SizePx source : {SizePx{1, 10000}, SizePx{10000, 1}, SizePx{1, 1},
                                  SizePx{300, 301}, SizePx{30000, 3333}}) {
        RenditionSpec spec{.fit = fit};
        spec.enlarge = enlarge;
        const FitPlan plan = plan_fit(source, spec);
        const std::uint64_t asked = estimate(source, spec);
        const std::uint64_t made = std::uint64_t{plan.crop.width} * plan.crop.height +
                                   std::uint64_t{plan.canvas.width} * plan.canvas.height;
        EXPECT_GE(asked, kBase + made * 4) << fit_name(fit);
        EXPECT_LE(asked, kBase + 2 * kBox * encoding_bytes_per_pixel(ImageFormat::jpeg))
            << fit_name(fit);
      }
    }
  }
}

// The crop alone is made: a sample of the scaled picture that is cut off costs nothing.
TEST(MemoryEstimate, OnlyTheCropIsRendered) {
  Picture thin;
  Plane& plane = thin.planes.emplace_back();
  plane.width = plane.stride = 1;
  plane.height = 10000;
  plane.extent_x = 1;
  plane.extent_y = 10000;
  plane.samples.resize(10000);
  for (std::size_t y = 0; y < 10000; ++y) plane.samples[y] = y < 5000 ? 10 : 250;
  RenditionSpec spec{.fit = Fit::cover};
  spec.enlarge = true;
  const FitPlan plan = plan_fit({1, 10000}, spec);
  ASSERT_EQ(plan.scaled, (SizePx{200, 2'000'000}));
  const Picture made = render(thin, plan, 1);
  EXPECT_EQ(made.planes[0].width, 200u);
  EXPECT_EQ(made.planes[0].height, 200u);
  EXPECT_EQ(made.planes[0].samples.size(), 200u * 200u);
  EXPECT_EQ(made.planes[0].row(0)[100], 10);
  EXPECT_EQ(made.planes[0].row(199)[100], 250);
}

}  // namespace
}  // namespace thumbmill::planar
