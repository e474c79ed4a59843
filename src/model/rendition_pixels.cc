#include "model/rendition_pixels.h"

#include <algorithm>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr std::uint64_t kPixelsASecond = 10'000'000 / 3;

std::uint64_t pixels_of(SizePx size) { return std::uint64_t{size.width} * size.height; }

// Adds up renditions and says which one, or that all together, are too many.
class Sum {
 public:
  Sum(Code code, std::uint64_t max_pixels) : code_(code), max_pixels_(max_pixels) {}

  Status add(const RenditionSpec& spec, SizePx size) {
    if (pixels_of(size) > max_pixels_) {
      return Status(code_,
                    fmt::format("rendition \"{}\" of {} x {} has {} pixels; "
                                "max-rendition-pixels is {}",
                                spec.name, size.width, size.height, pixels_of(size), max_pixels_));
    }
    total_ += pixels_of(size);
    const std::uint64_t most = kRenditionsTogether * max_pixels_;
    if (total_ <= most) return Status();
    return Status(code_, fmt::format("the renditions up to \"{}\" have {} pixels together; allowed "
                                     "is {} times max-rendition-pixels, {}",
                                     spec.name, total_, kRenditionsTogether, most));
  }

 private:
  const Code code_;
  const std::uint64_t max_pixels_;
  std::uint64_t total_ = 0;
};

SizePx size_of_any_image(const RenditionSpec& spec) {
  const bool has_box_size = spec.enlarge || spec.fit == Fit::contain;
  return has_box_size ? SizePx{spec.width_px, spec.height_px} : SizePx{};
}

}  // namespace

std::uint64_t pixels_of_any_image(const RenditionSpec& spec) {
  return pixels_of(size_of_any_image(spec));
}

Status check_boxes(const std::vector<RenditionSpec>& specs, std::uint64_t max_pixels) {
  Sum sum(Code::invalid_argument, max_pixels);
  for (const RenditionSpec& spec : specs) {
    RETURN_IF_ERROR(sum.add(spec, size_of_any_image(spec)));
  }
  return Status();
}

Status check_plans(SizePx source, const std::vector<RenditionSpec>& specs,
                   std::uint64_t max_pixels) {
  Sum sum(Code::too_large, max_pixels);
  for (const RenditionSpec& spec : specs) {
    RETURN_IF_ERROR(sum.add(spec, plan_fit(source, spec).canvas));
  }
  return Status();
}

std::chrono::seconds writing_allowance(const std::vector<RenditionSpec>& specs,
                                       std::uint64_t max_pixels) {
  std::uint64_t pixels = 0;
  for (const RenditionSpec& spec : specs) {
    const auto side = [](std::uint32_t px) { return px == 0 ? kMaxRenditionSide : px; };
    const SizePx box{side(spec.width_px), side(spec.height_px)};
    pixels += std::min(pixels_of(box), max_pixels);
  }
  const std::chrono::seconds allowance(pixels / kPixelsASecond);
  return std::min(allowance, longest_writing_allowance(max_pixels));
}

std::chrono::seconds longest_writing_allowance(std::uint64_t max_pixels) {
  return std::chrono::seconds(kRenditionsTogether * max_pixels / kPixelsASecond);
}

}  // namespace thumbmill
