#include "image/heif/picture_builder.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "image/heif/pixel_rows.h"
#include "image/planar/box_reduce.h"

namespace thumbmill::heif {
namespace {

using planar::BoxReducer;
using planar::ColorModel;
using planar::Picture;

// Bytes behind a row that a BoxReducer may read.
constexpr std::size_t kRowPadding = 16;

// The rows [first, last) of a plane with a `divisor`-th of luma's.
struct Range {
  std::size_t first, last;
};

// A plane at a time, each sample for itself.
class PlaneBuilder final : public PictureBuilder {
 public:
  PlaneBuilder(const BuildPlan& plan, const planar::LumaWeights& weights);
  void add(const PlaneViews& color, const SampleView* alpha, std::size_t rows) override;
  Picture take() override;

 private:
  struct Channel {
    std::uint32_t divisor_x = 1, divisor_y = 1;
    std::size_t left = 0, width = 0;  // of a row
    Range rows{};                     // that are kept
    std::size_t side = 1;
    std::unique_ptr<BoxReducer> reducer;
  };

  Channel make_channel(std::uint32_t divisor_x, std::uint32_t divisor_y) const;
  // 8 bits a sample, with room behind.
  const std::uint8_t* row_of(const Channel& channel, const std::uint8_t* samples);

  const BuildPlan plan_;
  const planar::LumaWeights weights_;
  std::vector<Channel> channels_;
  std::vector<std::uint8_t> row_;
  std::size_t at_ = 0;  // the next row of luma
};

PlaneBuilder::PlaneBuilder(const BuildPlan& plan, const planar::LumaWeights& weights)
    : plan_(plan), weights_(weights), row_(plan.placement.kept.width + kRowPadding) {
  channels_.push_back(make_channel(1, 1));
  if (!plan.chroma.present) return;
  for (int i = 0; i < 2; ++i) {
    channels_.push_back(make_channel(plan.chroma.divisor_x, plan.chroma.divisor_y));
  }
}

PlaneBuilder::Channel PlaneBuilder::make_channel(std::uint32_t divisor_x,
                                                 std::uint32_t divisor_y) const {
  const Placement& place = plan_.placement;
  Channel channel;
  channel.divisor_x = divisor_x;
  channel.divisor_y = divisor_y;
  channel.left = place.left / divisor_x;
  channel.width = (place.kept.width + divisor_x - 1) / divisor_x;
  channel.rows.first = place.top / divisor_y;
  channel.rows.last = channel.rows.first + (place.kept.height + divisor_y - 1) / divisor_y;
  channel.side = std::max<std::size_t>(1, plan_.side / std::max(divisor_x, divisor_y));
  channel.reducer = planar::make_box_reducer(channel.width, channel.rows.last - channel.rows.first,
                                             1, false, false, channel.side);
  return channel;
}

void PlaneBuilder::add(const PlaneViews& color, const SampleView*, std::size_t rows) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_[i];
    const std::size_t begin = at_ / channel.divisor_y;
    const std::size_t end = (at_ + rows + channel.divisor_y - 1) / channel.divisor_y;
    const std::size_t last = std::min(end, channel.rows.last);
    for (std::size_t y = std::max(begin, channel.rows.first); y < last; ++y) {
      channel.reducer->add(row_of(channel, color[i].row(y - begin)));
    }
  }
  at_ += rows;
}

// Copied even where 8 bits are stored: nobody can say what lies behind a decoder's last row.
const std::uint8_t* PlaneBuilder::row_of(const Channel& channel, const std::uint8_t* samples) {
  if (plan_.bits == 8) {
    std::memcpy(row_.data(), samples + channel.left, channel.width);
    return row_.data();
  }
  const std::uint8_t* from = samples + 2 * channel.left;
  const auto most = static_cast<std::uint32_t>((1 << plan_.bits) - 1);
  // The video range keeps its levels when bits are cut off; the full range ends at a level of its
  // own. Both in 16 fractional bits.
  const std::uint32_t scale =
      plan_.codes.full_range ? ((255u << 16) + most / 2) / most : 1u << (16 - (plan_.bits - 8));
  for (std::size_t x = 0; x < channel.width; ++x) {
    std::uint16_t value;
    std::memcpy(&value, from + 2 * x, sizeof value);
    row_[x] = static_cast<std::uint8_t>(
        std::min(255u, (std::min<std::uint32_t>(value, most) * scale + (1u << 15)) >> 16));
  }
  return row_.data();
}

Picture PlaneBuilder::take() {
  Picture picture;
  const bool identity = plan_.codes.matrix == kIdentityMatrix;
  picture.model = channels_.size() == 1 ? ColorModel::grey
                  : identity            ? ColorModel::rgb
                                        : ColorModel::ycbcr;
  picture.weights = weights_;
  picture.orientation = plan_.placement.orientation;
  picture.video_range = !plan_.codes.full_range;
  for (Channel& channel : channels_) {
    planar::Plane& plane = picture.planes.emplace_back(channel.reducer->take().planes.front());
    plane.extent_x = plan_.placement.kept.width /
                     (static_cast<double>(channel.divisor_x) * static_cast<double>(channel.side));
    plane.extent_y = plan_.placement.kept.height /
                     (static_cast<double>(channel.divisor_y) * static_cast<double>(channel.side));
  }
  // Green, blue, red (ITU-T H.273 equations 35 to 37).
  if (picture.model == ColorModel::rgb) {
    std::rotate(picture.planes.begin(), picture.planes.begin() + 2, picture.planes.end());
  }
  return picture;
}

// Pixel by pixel, with alpha if there is any. Sample is std::uint8_t, or std::uint16_t for colours
// that are converted before they are rounded to 8 bits.
template <typename Sample>
class PixelBuilder final : public PictureBuilder {
 public:
  PixelBuilder(const BuildPlan& plan, std::optional<planar::LumaWeights> weights)
      : plan_(plan),
        channels_(plan.alpha_bits ? 4 : 3),
        shape_{plan.bits, plan.chroma, plan.stored.width, plan.placement.left,
               plan.placement.kept.width},
        rows_(shape_, plan.codes.full_range, weights),
        row_(shape_.width * channels_ + kRowPadding),
        reducer_(planar::make_box_reducer(shape_.width, plan.placement.kept.height, channels_,
                                          plan.alpha_bits.has_value(), sizeof(Sample) > 1,
                                          plan.side, plan.conversion)) {}

  void add(const PlaneViews& color, const SampleView* alpha, std::size_t rows) override {
    const std::size_t top = plan_.placement.top, bottom = top + plan_.placement.kept.height;
    RowShape alpha_shape = shape_;
    alpha_shape.bits = plan_.alpha_bits.value_or(8);
    for (std::size_t y = 0; y < rows; ++y, ++at_) {
      if (at_ < top || at_ >= bottom) continue;
      rows_.convert(color, rows, y, channels_, row_.data());
      if (alpha != nullptr) set_alpha(*alpha, alpha_shape, y, plan_.premultiplied, row_.data());
      reducer_->add(row_.data());
    }
  }

  Picture take() override {
    Picture picture = reducer_->take();
    picture.orientation = plan_.placement.orientation;
    return picture;
  }

 private:
  const BuildPlan plan_;
  const std::size_t channels_;
  const RowShape shape_;
  PixelRows rows_;
  std::vector<Sample> row_;
  const std::unique_ptr<BoxReducer> reducer_;
  std::size_t at_ = 0;
};

using BuilderPtr = std::unique_ptr<PictureBuilder>;

}  // namespace

Result<BuilderPtr> make_picture_builder(const BuildPlan& plan) {
  const std::optional<planar::LumaWeights> weights = luma_weights(plan.codes);
  const bool identity = plan.codes.matrix == kIdentityMatrix;
  const bool subsampled = plan.chroma.divisor_x > 1 || plan.chroma.divisor_y > 1;
  if (plan.chroma.present && ((!weights && !identity) || (identity && subsampled))) {
    return Status(Code::unsupported, "an unusual HEIF file", "matrix coefficients");
  }
  if (plan.conversion != nullptr) {
    return BuilderPtr(std::make_unique<PixelBuilder<std::uint16_t>>(plan, weights));
  }
  const bool uneven = plan.placement.left % plan.chroma.divisor_x != 0 ||
                      plan.placement.top % plan.chroma.divisor_y != 0;
  const bool narrow_colors = plan.chroma.present && identity && !plan.codes.full_range;
  const bool grey_as_rgb = !plan.chroma.present && plan.as_rgb;
  if (plan.alpha_bits || uneven || narrow_colors || grey_as_rgb) {
    return BuilderPtr(std::make_unique<PixelBuilder<std::uint8_t>>(plan, weights));
  }
  return BuilderPtr(std::make_unique<PlaneBuilder>(plan, weights.value_or(planar::LumaWeights())));
}

}  // namespace thumbmill::heif
