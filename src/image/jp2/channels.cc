#include "image/jp2/channels.h"

#include <algorithm>
#include <memory>

#include <openjpeg.h>

#include "image/planar/box_reduce.h"

namespace thumbmill::jp2 {
namespace {

using planar::ColorModel;
using planar::kMostBoxSide;
using planar::Picture;
using planar::Plane;

constexpr float kMost = 65535;

std::uint16_t to_16_bits(float value) {
  return static_cast<std::uint16_t>(std::clamp(value, 0.0f, kMost) + 0.5f);
}

// Rows of a channel's samples in 16 bits.
class ChannelRows {
 public:
  ChannelRows(const opj_image& image, const Container& container, const Channel& channel)
      : from_(image.comps[channel.component]), palette_(container.palette), channel_(channel) {
    const std::uint32_t bits = std::clamp<std::uint32_t>(from_.prec, 1, 31);
    most_ = (std::int64_t{1} << bits) - 1;
    lift_ = from_.sgnd != 0 ? std::int64_t{1} << (bits - 1) : 0;
    scale_ = kMost / static_cast<float>(most_);
  }

  std::size_t width() const { return from_.w; }
  std::size_t height() const { return from_.h; }

  /// Row y of `height` in all, stretched to `width` samples, `stride` apart from each other.
  void copy(std::size_t y, std::size_t width, std::size_t height, std::uint16_t* to,
            std::size_t stride) const {
    const std::size_t own_y = height == from_.h ? y : y * from_.h / height;
    const OPJ_INT32* const row = from_.data + own_y * from_.w;
    for (std::size_t x = 0; x < width; ++x) {
      to[x * stride] = value(row[width == from_.w ? x : x * from_.w / width]);
    }
  }

 private:
  std::uint16_t value(OPJ_INT32 sample) const {
    const std::int64_t level = std::clamp<std::int64_t>(sample + lift_, 0, most_);
    if (!channel_.palette_column) return to_16_bits(static_cast<float>(level) * scale_);
    // I.5.3.4: an index past the end takes the last row.
    const auto last = static_cast<std::int64_t>(palette_.values.size() / palette_.columns) - 1;
    const auto index = static_cast<std::size_t>(std::min(level, last));
    return palette_.values[index * palette_.columns + *channel_.palette_column];
  }

  const opj_image_comp_t& from_;
  const Palette& palette_;
  const Channel channel_;
  std::int64_t most_;
  std::int64_t lift_;  // from the least signed value to 0
  float scale_;
};

// The place of the planes in the picture, in one direction.
struct Placement {
  std::uint32_t begin, end;  // of the picture, on the reference grid
  std::uint32_t spacing;     // of the component's samples
  std::uint32_t reduction;
  std::size_t side;

  double extent() const { return (double{1} * end - begin) / spacing / scale(); }

  /// A level's low frequencies lie at the even samples of the level above (F.3, F.4), counted from
  /// the grid's own begin: the first that is left of them is a sample of its own, not the mean of a
  /// box.
  double origin() const {
    const double step = double(std::uint64_t{1} << reduction);
    const std::uint64_t sample = (std::uint64_t{begin} + spacing - 1) / spacing;
    const auto first =
        static_cast<double>((sample + (std::uint64_t{1} << reduction) - 1) >> reduction);
    const double picture = double{1} * begin / spacing / step;
    return (0.5 - 0.5 / step - first + picture) / static_cast<double>(side);
  }

 private:
  double scale() const {
    return static_cast<double>(std::uint64_t{1} << reduction) * static_cast<double>(side);
  }
};

void place(Plane& plane, const Codestream& stream, const Component& component,
           std::uint32_t reduction, std::size_t side) {
  const Placement x{stream.left, stream.right, component.dx, reduction, side};
  const Placement y{stream.top, stream.bottom, component.dy, reduction, side};
  plane.extent_x = x.extent();
  plane.extent_y = y.extent();
  plane.origin_x = x.origin();
  plane.origin_y = y.origin();
}

// One plane, of a colour that needs no other.
Plane make_plane(const ChannelRows& rows, std::size_t side) {
  const auto reducer = planar::make_box_reducer(rows.width(), rows.height(), 1, false, true, side);
  std::vector<std::uint16_t> row(rows.width());
  for (std::size_t y = 0; y < rows.height(); ++y) {
    rows.copy(y, rows.width(), rows.height(), row.data(), 1);
    reducer->add(row.data());
  }
  return std::move(reducer->take().planes.front());
}

// ITU-T T.871 section 7, in place.
void to_rgb(std::uint16_t* pixel) {
  constexpr float kMiddle = 32768;
  const float y = pixel[0];
  const float cb = pixel[1] - kMiddle;
  const float cr = pixel[2] - kMiddle;
  pixel[0] = to_16_bits(y + 1.402f * cr);
  pixel[1] = to_16_bits(y - 0.344136f * cb - 0.714136f * cr);
  pixel[2] = to_16_bits(y + 1.772f * cb);
}

// In place: what was multiplied by alpha.
void divide(std::uint16_t* pixel, std::size_t colors) {
  const float alpha = pixel[colors];
  for (std::size_t c = 0; c < colors && alpha > 0; ++c) {
    pixel[c] = to_16_bits(static_cast<float>(pixel[c]) * kMost / alpha);
  }
}

Picture with_alpha(const std::vector<ChannelRows>& channels, const Meaning& meaning,
                   std::size_t side) {
  const std::size_t count = channels.size();
  const std::size_t colors = count - 1;
  std::size_t width = 0, height = 0;
  for (const ChannelRows& channel : channels) {
    width = std::max(width, channel.width());
    height = std::max(height, channel.height());
  }
  const auto reducer = planar::make_box_reducer(width, height, count, true, true, side);
  std::vector<std::uint16_t> row(width * count);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t c = 0; c < count; ++c) channels[c].copy(y, width, height, &row[c], count);
    for (std::size_t x = 0; x < width; ++x) {
      std::uint16_t* const pixel = row.data() + x * count;
      if (meaning.model == ColorModel::ycbcr) to_rgb(pixel);
      if (meaning.premultiplied) divide(pixel, colors);
    }
    reducer->add(row.data());
  }
  return reducer->take();
}

}  // namespace

Result<Picture> make_picture(const opj_image& image, const Container& container,
                             const Codestream& codestream, const Meaning& meaning,
                             std::uint32_t reduction, std::size_t side) {
  if (image.numcomps != codestream.components.size()) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "a JPEG 2000's components");
  }
  side = std::clamp<std::size_t>(side, 1, kMostBoxSide);
  std::vector<ChannelRows> channels;
  for (const Channel& color : meaning.colors) channels.emplace_back(image, container, color);
  if (meaning.alpha) {
    channels.emplace_back(image, container, *meaning.alpha);
    Picture picture = with_alpha(channels, meaning, side);
    const Component whole{.dx = codestream.pixel_width(), .dy = codestream.pixel_height()};
    for (Plane& plane : picture.planes) place(plane, codestream, whole, reduction, side);
    return picture;
  }
  Picture picture;
  picture.model = meaning.model;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const Component& component = codestream.components[meaning.colors[i].component];
    const std::size_t smaller =
        std::max(component.dx / codestream.pixel_width(), component.dy / codestream.pixel_height());
    const std::size_t own_side = std::max<std::size_t>(1, side / std::max<std::size_t>(1, smaller));
    picture.planes.push_back(make_plane(channels[i], own_side));
    place(picture.planes.back(), codestream, component, reduction, own_side);
  }
  return picture;
}

}  // namespace thumbmill::jp2
