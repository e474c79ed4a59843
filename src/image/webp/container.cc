#include "image/webp/container.h"

#include <cstdint>
#include <memory>

#include <webp/decode.h>
#include <webp/demux.h>

#include "image/exif.h"

namespace thumbmill::webp {
namespace {

struct DeleteDemuxer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
using Demuxer = std::unique_ptr<WebPDemuxer, DeleteDemuxer>;

// Empty when there is none. The bytes are the file's.
std::string_view chunk(const WebPDemuxer* demuxer, const char* name) {
  WebPChunkIterator at;
  if (WebPDemuxGetChunk(demuxer, name, 1, &at) == 0) return {};
  const std::string_view bytes(reinterpret_cast<const char*>(at.chunk.bytes), at.chunk.size);
  WebPDemuxReleaseChunkIterator(&at);
  return bytes;
}

// With or without the name that it has in a JPEG's segment: writers do either.
int orientation_of(std::string_view exif) {
  using namespace std::string_view_literals;
  constexpr std::string_view kName = "Exif\0\0"sv;
  if (exif.substr(0, kName.size()) == kName) exif.remove_prefix(kName.size());
  return exif_orientation(exif);
}

}  // namespace

Result<Container> read_container(std::string_view file) {
  constexpr int kLossless = 2;  // of WebPBitstreamFeatures::format
  const WebPData data{reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
  const Demuxer demuxer(WebPDemux(&data));
  WebPBitstreamFeatures features;
  if (demuxer == nullptr || WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "the WebP container");
  }
  const std::uint32_t flags = WebPDemuxGetI(demuxer.get(), WEBP_FF_FORMAT_FLAGS);
  if (features.has_animation != 0 || (flags & ANIMATION_FLAG) != 0) {
    return Status(Code::unsupported, "an animation");
  }
  Container container;
  container.size = {static_cast<std::uint32_t>(features.width),
                    static_cast<std::uint32_t>(features.height)};
  container.lossless = features.format == kLossless;
  container.has_alpha = features.has_alpha != 0;
  if ((flags & EXIF_FLAG) != 0)
    container.orientation = orientation_of(chunk(demuxer.get(), "EXIF"));
  if ((flags & ICCP_FLAG) != 0) container.profile = chunk(demuxer.get(), "ICCP");
  return container;
}

}  // namespace thumbmill::webp
