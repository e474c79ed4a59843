#include "image/jxl/frames.h"

#include <algorithm>
#include <memory>
#include <new>

#include <jxl/decode.h>

#include "image/limit_checks.h"

namespace thumbmill::jxl {
namespace {

struct DestroyDecoder {
  void operator()(JxlDecoder* decoder) const { JxlDecoderDestroy(decoder); }
};

}  // namespace

Result<Frames> read_frames(std::string_view file, const ImageLimits& limits) {
  const std::unique_ptr<JxlDecoder, DestroyDecoder> decoder(JxlDecoderCreate(nullptr));
  if (decoder == nullptr) throw std::bad_alloc();
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(file.data());
  if (JxlDecoderSubscribeEvents(decoder.get(), JXL_DEC_FRAME) != JXL_DEC_SUCCESS ||
      JxlDecoderSetCoalescing(decoder.get(), JXL_FALSE) != JXL_DEC_SUCCESS ||
      JxlDecoderSetKeepOrientation(decoder.get(), JXL_TRUE) != JXL_DEC_SUCCESS ||
      JxlDecoderSetInput(decoder.get(), bytes, file.size()) != JXL_DEC_SUCCESS) {
    return Status(Code::internal, "the image cannot be decoded", "libjxl's set-up");
  }
  Frames frames;
  while (JxlDecoderProcessInput(decoder.get()) == JXL_DEC_FRAME) {
    JxlFrameHeader header;
    if (JxlDecoderGetFrameHeader(decoder.get(), &header) != JXL_DEC_SUCCESS) break;
    const JxlLayerInfo& layer = header.layer_info;
    RETURN_IF_ERROR(check_size(layer.xsize, layer.ysize, limits));
    ++frames.count;
    frames.most_pixels = std::max(frames.most_pixels, std::uint64_t{layer.xsize} * layer.ysize);
    // Frames without a duration are layers of the next one that has one.
    if (header.is_last != JXL_FALSE || header.duration > 0) break;
  }
  return frames;
}

}  // namespace thumbmill::jxl
