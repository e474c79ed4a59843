#include "model/rendition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace thumbmill {

namespace {

std::string text_of(SizePx size) { return fmt::format("{}x{}", size.width, size.height); }

std::string text_of(const FitPlan& plan) {
  return fmt::format("scaled {} crop {} canvas {}", text_of(plan.scaled), text_of(plan.crop),
                     text_of(plan.canvas));
}

struct FitCase {
  SizePx source;
  SizePx box;
  Fit fit;
  bool enlarge;
  FitPlan plan;
};

constexpr FitPlan same(std::uint32_t width, std::uint32_t height) {
  return {{width, height}, {width, height}, {width, height}};
}

TEST(PlanFit, Table) {
  const FitCase cases[] = {
      // inside: the whole image within the box
      {{4000, 3000}, {200, 200}, Fit::inside, false, same(200, 150)},
      {{3000, 4000}, {200, 200}, Fit::inside, false, same(150, 200)},
      {{100, 50}, {200, 200}, Fit::inside, false, same(100, 50)},
      {{100, 50}, {200, 200}, Fit::inside, true, same(200, 100)},
      {{200, 200}, {200, 200}, Fit::inside, false, same(200, 200)},
      {{1, 1}, {200, 200}, Fit::inside, false, same(1, 1)},
      {{3, 2}, {2, 2}, Fit::inside, false, same(2, 1)},
      {{1000, 1}, {100, 100}, Fit::inside, false, same(100, 1)},
      {{1, 10'000}, {200, 200}, Fit::inside, false, same(1, 200)},
      {{65'535, 1}, {1, 1}, Fit::inside, false, same(1, 1)},
      // sides that follow
      {{4000, 3000}, {200, 0}, Fit::inside, false, same(200, 150)},
      {{4000, 3000}, {0, 150}, Fit::inside, false, same(200, 150)},
      {{100, 50}, {200, 0}, Fit::inside, false, same(100, 50)},
      {{1, 10'000}, {200, 0}, Fit::inside, true, same(1, 8192)},
      {{10'000, 1}, {0, 200}, Fit::inside, true, same(8192, 1)},
      {{10'000, 1}, {10, 0}, Fit::cover, false, same(10, 1)},
      {{4000, 3000}, {200, 0}, Fit::contain, false, same(200, 150)},
      // cover: the box filled, the rest cut off
      {{4000, 3000}, {200, 200}, Fit::cover, false, {{267, 200}, {200, 200}, {200, 200}}},
      {{3000, 4000}, {200, 200}, Fit::cover, false, {{200, 267}, {200, 200}, {200, 200}}},
      {{100, 50}, {200, 200}, Fit::cover, false, same(100, 50)},
      {{300, 50}, {200, 200}, Fit::cover, false, {{300, 50}, {200, 50}, {200, 50}}},
      {{100, 50}, {200, 200}, Fit::cover, true, {{400, 200}, {200, 200}, {200, 200}}},
      {{1, 10'000}, {200, 200}, Fit::cover, false, {{1, 10'000}, {1, 200}, {1, 200}}},
      {{1, 10'000}, {200, 200}, Fit::cover, true, {{200, 2'000'000}, {200, 200}, {200, 200}}},
      // contain: padded to exactly the box
      {{4000, 3000}, {200, 200}, Fit::contain, false, {{200, 150}, {200, 150}, {200, 200}}},
      {{100, 50}, {200, 200}, Fit::contain, false, {{100, 50}, {100, 50}, {200, 200}}},
      {{100, 50}, {200, 200}, Fit::contain, true, {{200, 100}, {200, 100}, {200, 200}}},
      {{1, 10'000}, {200, 100}, Fit::contain, false, {{1, 100}, {1, 100}, {200, 100}}},
      // fill: the aspect given up, no side enlarged unless asked
      {{4000, 3000}, {200, 200}, Fit::fill, false, same(200, 200)},
      {{100, 3000}, {200, 200}, Fit::fill, false, same(100, 200)},
      {{100, 3000}, {200, 200}, Fit::fill, true, same(200, 200)},
      {{10, 10}, {8192, 8192}, Fit::fill, true, same(8192, 8192)},
  };
  for (const FitCase& entry : cases) {
    RenditionSpec spec;
    spec.width_px = entry.box.width;
    spec.height_px = entry.box.height;
    spec.fit = entry.fit;
    spec.enlarge = entry.enlarge;
    EXPECT_EQ(text_of(plan_fit(entry.source, spec)), text_of(entry.plan))
        << text_of(entry.source) << " to " << text_of(entry.box) << " " << fit_name(entry.fit)
        << (entry.enlarge ? " enlarged" : "");
  }
}

// Whatever the sizes: the canvas is within the box, no side is 0, and nothing grows unasked.
TEST(PlanFit, KeepsItsPromisesAtTheExtremes) {
  const std::uint32_t sides[] = {1, 2, 3, 99, 200, 8191, 8192, 65'535, 1'000'000, UINT32_MAX};
  for (const std::uint32_t width : sides) {
    for (const std::uint32_t height : sides) {
      for (const std::uint32_t box_width : {0u, 1u, 200u, 8192u}) {
        for (const std::uint32_t box_height : {0u, 1u, 200u, 8192u}) {
          for (int variant = 0; variant < 8; ++variant) {
            if (box_width == 0 && box_height == 0) continue;
            RenditionSpec spec;
            spec.width_px = box_width;
            spec.height_px = box_height;
            spec.fit = static_cast<Fit>(variant / 2);
            spec.enlarge = variant % 2 == 1;
            const FitPlan plan = plan_fit({width, height}, spec);
            const auto within = [](std::uint32_t side, std::uint32_t box) {
              return side >= 1 && side <= (box == 0 ? kMaxRenditionSide : box);
            };
            ASSERT_TRUE(
                within(plan.canvas.width, box_width) && within(plan.canvas.height, box_height) &&
                plan.scaled.width >= 1 && plan.scaled.height >= 1 &&
                plan.crop.width <= plan.scaled.width && plan.crop.height <= plan.scaled.height &&
                plan.crop.width <= plan.canvas.width && plan.crop.height <= plan.canvas.height)
                << width << "x" << height << " to " << box_width << "x" << box_height << " "
                << fit_name(spec.fit) << ": " << text_of(plan);
            if (spec.enlarge) continue;
            ASSERT_TRUE(plan.scaled.width <= width && plan.scaled.height <= height);
          }
        }
      }
    }
  }
}

TEST(ParseSize, TakesFourForms) {
  struct Good {
    std::string_view text;
    SizePx size;
  };
  for (const Good& good :
       {Good{"200x100", {200, 100}}, Good{"200", {200, 200}}, Good{"200x", {200, 0}},
        Good{"x100", {0, 100}}, Good{"1x1", {1, 1}}, Good{"99999x1", {99'999, 1}}}) {
    RenditionSpec spec;
    ASSERT_TRUE(parse_size(good.text, spec).ok()) << good.text;
    EXPECT_EQ((SizePx{spec.width_px, spec.height_px}), good.size) << good.text;
  }
}

TEST(ParseSize, RefusesEverythingElseAndChangesNothing) {
  for (const char* bad : {"", "x", "0", "0x0", "0x", "x0", "200x0", "-1x5", "+5", "2 00", " 200",
                          "200X100", "200x100x", "200xx100", "1.5", "4294967296", "0x10",
                          "99999999999999999999x1", "\xd9\xa1"}) {
    RenditionSpec spec;
    EXPECT_EQ(parse_size(bad, spec).code(), Code::invalid_argument) << bad;
    EXPECT_EQ(spec, RenditionSpec{}) << bad;
  }
}

TEST(ColorText, GoesThereAndBack) {
  EXPECT_EQ(color_from_string("#ff8001"), (Color{255, 128, 1}));
  EXPECT_EQ(color_from_string("FF8001"), (Color{255, 128, 1}));
  EXPECT_EQ(color_from_string("#f81"), (Color{255, 136, 17}));
  EXPECT_EQ(color_to_string({255, 128, 1}), "#ff8001");
  for (const char* bad : {"", "#", "#ff", "#ffff", "#fffffff", "##fffff", "#gggggg", "red",
                          "-fffff", "+fffff", "0xffff", " fffff"}) {
    EXPECT_EQ(color_from_string(bad), std::nullopt) << bad;
  }
}

TEST(RenditionOptions, SetOneFieldEach) {
  RenditionSpec spec;
  for (const auto& [option, value] :
       {std::pair{"size", "10x20"}, std::pair{"fit", "cover"}, std::pair{"format", "jpg"},
        std::pair{"quality", "55"}, std::pair{"background", "#000000"},
        std::pair{"enlarge", "true"}}) {
    EXPECT_TRUE(set_rendition_option(option, value, spec).ok()) << option;
  }
  EXPECT_EQ(spec, (RenditionSpec{"thumb", 10, 20, Fit::cover, ImageFormat::jpeg, 55, Color{0, 0, 0},
                                 true}));
  for (const auto& [option, value] :
       {std::pair{"size", "0"}, std::pair{"fit", "Cover"}, std::pair{"format", "gif"},
        std::pair{"format", ""}, std::pair{"quality", "0"}, std::pair{"quality", "101"},
        std::pair{"quality", "5 "}, std::pair{"background", "red"}, std::pair{"enlarge", "1"}}) {
    EXPECT_EQ(set_rendition_option(option, value, spec).code(), Code::invalid_argument) << option;
  }
  EXPECT_EQ(set_rendition_option("rotate", "90", spec).code(), Code::not_found);
}

TEST(RenditionSpecs, AreCheckedOneByOneAndTogether) {
  EXPECT_TRUE(validate(RenditionSpec{}).ok());
  const auto code_of = [](auto change) {
    RenditionSpec spec;
    change(spec);
    return validate(spec).code();
  };
  EXPECT_EQ(code_of([](auto& s) { s.width_px = 8193; }), Code::invalid_argument);
  EXPECT_EQ(code_of([](auto& s) { s.height_px = 8193; }), Code::invalid_argument);
  EXPECT_EQ(code_of([](auto& s) { s.width_px = s.height_px = 0; }), Code::invalid_argument);
  EXPECT_EQ(code_of([](auto& s) { s.width_px = 0; }), Code::ok);
  EXPECT_EQ(code_of([](auto& s) { s.quality = 0; }), Code::invalid_argument);
  EXPECT_EQ(code_of([](auto& s) { s.format = ImageFormat::tiff; }), Code::invalid_argument);
  for (const char* bad : {"", "-a", "_a", "A", "a.b", "a/b", "..", "a b", "\xc3\xa9"}) {
    EXPECT_EQ(code_of([&](auto& s) { s.name = bad; }), Code::invalid_argument) << bad;
  }
  EXPECT_TRUE(is_rendition_name(std::string(32, 'a')));
  EXPECT_FALSE(is_rendition_name(std::string(33, 'a')));
  std::vector<RenditionSpec> specs;
  EXPECT_EQ(validate(specs).code(), Code::invalid_argument);
  for (std::size_t i = 0; i < kMaxRenditionsPerJob; ++i) {
    specs.emplace_back().name = "t" + std::to_string(i);
  }
  EXPECT_TRUE(validate(specs).ok());
  specs[1].name = "t0";
  EXPECT_EQ(validate(specs).code(), Code::invalid_argument) << "a name twice";
  specs[1].name = "t1";
  specs.emplace_back().name = "one-more";
  EXPECT_EQ(validate(specs).code(), Code::invalid_argument);
}

}  // namespace
}  // namespace thumbmill
