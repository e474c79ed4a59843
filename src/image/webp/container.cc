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

// An iterator that points at the first frame, if there is one.
class FirstFrame {
 public:
  explicit FirstFrame(const WebPDemuxer* demuxer)
      : found_(WebPDemuxGetFrame(demuxer, 1, &iterator_) != 0) {}
  ~FirstFrame() { WebPDemuxReleaseIterator(&iterator_); }
  FirstFrame(const FirstFrame&) = delete;
  FirstFrame& operator=(const FirstFrame&) = delete;

  bool found() const { return found_; }
  const WebPIterator* operator->() const { return &iterator_; }

 private:
  WebPIterator iterator_{};
  bool found_;
};

// What the demuxer has checked already: the decoder relies on it.
bool is_within_canvas(const Container& container) {
  const auto fits = [](std::uint32_t from, std::uint32_t size, std::uint32_t whole) {
    return size > 0 && size <= whole && from <= whole - size;
  };
  return fits(container.left, container.frame.width, container.canvas.width) &&
         fits(container.top, container.frame.height, container.canvas.height);
}

}  // namespace

Result<Container> read_container(std::string_view file) {
  constexpr int kLossless = 2;  // of WebPBitstreamFeatures::format
  const Status corrupt(Code::corrupt_input, "the image cannot be decoded", "the WebP container");
  const WebPData data{reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
  const Demuxer demuxer(WebPDemuxPartial(&data, nullptr));
  if (demuxer == nullptr) return corrupt;
  FirstFrame first(demuxer.get());
  WebPBitstreamFeatures features;
  if (!first.found() ||
      WebPGetFeatures(first->fragment.bytes, first->fragment.size, &features) != VP8_STATUS_OK) {
    return corrupt;
  }
  const std::uint32_t flags = WebPDemuxGetI(demuxer.get(), WEBP_FF_FORMAT_FLAGS);
  Container container;
  container.canvas = {WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH),
                      WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT)};
  container.left = static_cast<std::uint32_t>(first->x_offset);
  container.top = static_cast<std::uint32_t>(first->y_offset);
  container.frame = {static_cast<std::uint32_t>(features.width),
                     static_cast<std::uint32_t>(features.height)};
  container.lossless = features.format == kLossless;
  container.has_alpha = first->has_alpha != 0;
  container.complete = first->complete != 0;
  container.pixels = {reinterpret_cast<const char*>(first->fragment.bytes), first->fragment.size};
  if (!is_within_canvas(container)) return corrupt;
  if ((flags & EXIF_FLAG) != 0)
    container.orientation = orientation_of(chunk(demuxer.get(), "EXIF"));
  if ((flags & ICCP_FLAG) != 0) container.profile = chunk(demuxer.get(), "ICCP");
  return container;
}

}  // namespace thumbmill::webp
