#include "image/planar/webp_encoder.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <webp/encode.h>

#include "image/planar/video_range.h"

namespace thumbmill::planar {
namespace {

Status failure(int code) {
  return Status(Code::internal, "the rendition cannot be encoded",
                fmt::format("libwebp's error {}", code));
}

// A picture of libwebp's and what it writes.
class Encoder {
 public:
  explicit Encoder(SizePx size) {
    THUMBMILL_CHECK(WebPPictureInit(&picture_) != 0);  // false for another version of libwebp
    WebPMemoryWriterInit(&writer_);
    picture_.width = static_cast<int>(size.width);
    picture_.height = static_cast<int>(size.height);
    picture_.writer = WebPMemoryWrite;
    picture_.custom_ptr = &writer_;
  }
  ~Encoder() {
    WebPPictureFree(&picture_);
    WebPMemoryWriterClear(&writer_);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  WebPPicture& picture() { return picture_; }

  Result<std::string> run(int quality) {
    WebPConfig config;
    THUMBMILL_CHECK(WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, static_cast<float>(quality)) !=
                    0);
    if (WebPEncode(&config, &picture_) == 0) return failure(picture_.error_code);
    return std::string(reinterpret_cast<const char*>(writer_.mem), writer_.size);
  }

 private:
  WebPPicture picture_;
  WebPMemoryWriter writer_;
};

// Rows without padding, in the video range.
std::vector<std::uint8_t> in_video_range(const Plane& plane, SampleKind kind) {
  std::vector<std::uint8_t> samples(plane.width * plane.height);
  for (std::size_t y = 0; y < plane.height; ++y) {
    std::memcpy(samples.data() + y * plane.width, plane.row(y), plane.width);
  }
  to_video_range(samples, kind);
  return samples;
}

}  // namespace

Result<std::string> encode_webp(const Picture& picture, int quality) {
  const Plane& luma = picture.planes.front();
  const std::size_t chroma_width = (luma.width + 1) / kWebpChromaDivisor;
  const std::size_t chroma_height = (luma.height + 1) / kWebpChromaDivisor;
  std::array<std::vector<std::uint8_t>, 3> samples;
  samples[0] = in_video_range(luma, SampleKind::luma);
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (picture.model == ColorModel::grey) {
      samples[i].assign(chroma_width * chroma_height, 128);
      continue;
    }
    const Plane& chroma = picture.planes[i];
    THUMBMILL_CHECK(chroma.width == chroma_width && chroma.height == chroma_height);
    samples[i] = in_video_range(chroma, SampleKind::difference);
  }
  Encoder encoder(
      {static_cast<std::uint32_t>(luma.width), static_cast<std::uint32_t>(luma.height)});
  WebPPicture& input = encoder.picture();  // borrows the planes
  input.y = samples[0].data();
  input.u = samples[1].data();
  input.v = samples[2].data();
  input.y_stride = static_cast<int>(luma.width);
  input.uv_stride = static_cast<int>(chroma_width);
  return encoder.run(quality);
}

Result<std::string> encode_webp(const Pixels& pixels, int quality) {
  Encoder encoder(pixels.size);
  const auto import = pixels.channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB;
  const auto stride = static_cast<int>(pixels.size.width * pixels.channels);
  if (import(&encoder.picture(), pixels.bytes.data(), stride) == 0) {
    return failure(encoder.picture().error_code);
  }
  return encoder.run(quality);
}

}  // namespace thumbmill::planar
