#include "image/jxl/jxl_kernel.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include <jxl/decode.h>

#include "image/jxl/colors.h"
#include "image/jxl/frames.h"
#include "image/jxl/memory.h"
#include "image/jxl/row_assembler.h"
#include "image/limit_checks.h"
#include "image/planar/box_reduce.h"
#include "image/planar/render.h"
#include "image/reduction.h"

namespace thumbmill::jxl {
namespace {

struct DestroyDecoder {
  void operator()(JxlDecoder* decoder) const { JxlDecoderDestroy(decoder); }
};

constexpr std::uint32_t kMostExtraChannels = 8;  // each takes memory for all its samples

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

// One decode.
class Decoding {
 public:
  Decoding(std::string_view file, const ThumbnailRequest& request)
      : file_(file), request_(request), decoder_(JxlDecoderCreate(nullptr)) {
    if (decoder_ == nullptr) throw std::bad_alloc();
  }

  Result<planar::Decoded> run();

 private:
  Status start();
  Status set_input(std::string_view rest);
  Status check_header();
  Status ask_for_memory();
  Status make_output();
  // Whether pixels were shown of what was decoded so far.
  bool flush();
  planar::Decoded take();

  // Called by libjxl, which knows no exceptions.
  static void on_pixels(void* self, std::size_t x, std::size_t y, std::size_t count,
                        const void* pixels) noexcept;

  const std::string_view file_;
  const ThumbnailRequest& request_;
  const std::unique_ptr<JxlDecoder, DestroyDecoder> decoder_;
  JxlBasicInfo info_{};
  Frames frames_;
  planar::Decoded decoded_;
  Colors colors_;
  std::size_t side_ = 1;
  std::unique_ptr<planar::BoxReducer> reducer_;
  std::optional<RowAssembler> rows_;
  bool no_memory_ = false;
};

Status Decoding::start() {
  JxlDecoder* const decoder = decoder_.get();
  const int events = JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FULL_IMAGE;
  if (JxlDecoderSubscribeEvents(decoder, events) != JXL_DEC_SUCCESS ||
      JxlDecoderSetKeepOrientation(decoder, JXL_TRUE) != JXL_DEC_SUCCESS ||
      JxlDecoderSetUnpremultiplyAlpha(decoder, JXL_TRUE) != JXL_DEC_SUCCESS) {
    return Status(Code::internal, "the image cannot be decoded", "libjxl's set-up");
  }
  return set_input(file_);
}

Status Decoding::set_input(std::string_view rest) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(rest.data());
  if (JxlDecoderSetInput(decoder_.get(), bytes, rest.size()) == JXL_DEC_SUCCESS) return Status();
  return Status(Code::internal, "the image cannot be decoded", "libjxl's input");
}

Status Decoding::check_header() {
  if (JxlDecoderGetBasicInfo(decoder_.get(), &info_) != JXL_DEC_SUCCESS) {
    return corrupt("a JPEG XL's header");
  }
  RETURN_IF_ERROR(check_size(info_.xsize, info_.ysize, request_.limits));
  ASSIGN_OR_RETURN(frames_, read_frames(file_, request_.limits));
  if (info_.num_extra_channels > kMostExtraChannels) {
    return Status(Code::unsupported, "a JPEG XL with many extra channels");
  }
  for (std::size_t i = 0; i < info_.num_extra_channels; ++i) {
    JxlExtraChannelInfo extra{};
    if (JxlDecoderGetExtraChannelInfo(decoder_.get(), i, &extra) != JXL_DEC_SUCCESS) {
      return corrupt("a JPEG XL's extra channel");
    }
    if (extra.type == JXL_CHANNEL_BLACK) {
      return Status(Code::unsupported, "a JPEG XL in CMYK");
    }
  }
  const SizePx stored{info_.xsize, info_.ysize};
  const auto orientation = static_cast<int>(info_.orientation);
  decoded_.size = planar::upright(stored, orientation);
  decoded_.picture.orientation = orientation;
  const double allowed = allowed_reduction(decoded_.size, request_.renditions);
  side_ = std::min(static_cast<std::size_t>(allowed), planar::kMostBoxSide);
  return Status();
}

Status Decoding::ask_for_memory() {
  // What libjxl has not read yet begins with the first frame.
  const std::string_view frames =
      file_.substr(file_.size() - JxlDecoderReleaseInput(decoder_.get()));
  const std::uint64_t bytes = decoding_memory(info_, frames_, is_vardct(frames));
  RETURN_IF_ERROR(planar::ask_for_memory(request_, decoded_.size, bytes));
  if (!has_room(bytes)) {
    return no_memory();
  }
  return set_input(frames);
}

Status Decoding::make_output() {
  const std::size_t colors = info_.num_color_channels == 1 ? 1 : 3;
  const bool has_alpha = info_.alpha_bits > 0;
  const std::size_t channels = colors + (has_alpha ? 1 : 0);
  reducer_ = planar::make_box_reducer(info_.xsize, info_.ysize, channels, has_alpha, true, side_,
                                      colors_.conversion.get());
  rows_.emplace(info_.xsize, info_.ysize, channels,
                [this](const std::uint16_t* row) { reducer_->add(row); });
  // Floats of three or four channels are what libjxl 0.7 gives without a copy of the whole picture.
  const JxlPixelFormat format{has_alpha ? 4u : 3u, JXL_TYPE_FLOAT, JXL_NATIVE_ENDIAN, 0};
  if (JxlDecoderSetImageOutCallback(decoder_.get(), &format, on_pixels, this) != JXL_DEC_SUCCESS) {
    return corrupt("a JPEG XL's pixels");
  }
  return Status();
}

void Decoding::on_pixels(void* self, std::size_t x, std::size_t y, std::size_t count,
                         const void* pixels) noexcept {
  auto& decoding = *static_cast<Decoding*>(self);
  try {
    decoding.rows_->add(x, y, count, static_cast<const float*>(pixels));
  } catch (const std::bad_alloc&) {
    decoding.no_memory_ = true;
  }
}

bool Decoding::flush() {
  return rows_.has_value() && JxlDecoderFlushImage(decoder_.get()) == JXL_DEC_SUCCESS;
}

planar::Decoded Decoding::take() {
  if (no_memory_) throw std::bad_alloc();
  rows_->finish();
  const int orientation = decoded_.picture.orientation;
  decoded_.picture = reducer_->take();
  decoded_.picture.orientation = orientation;
  decoded_.profile = std::move(colors_.profile);
  return std::move(decoded_);
}

Result<planar::Decoded> Decoding::run() {
  RETURN_IF_ERROR(start());
  for (;;) {
    switch (JxlDecoderProcessInput(decoder_.get())) {
      case JXL_DEC_BASIC_INFO:
        RETURN_IF_ERROR(check_header());
        break;
      case JXL_DEC_COLOR_ENCODING:
        colors_ = choose_colors(decoder_.get(), info_);
        RETURN_IF_ERROR(ask_for_memory());
        break;
      case JXL_DEC_NEED_IMAGE_OUT_BUFFER:
        RETURN_IF_ERROR(make_output());
        break;
      case JXL_DEC_FULL_IMAGE:
        if (!rows_.has_value()) return corrupt("a JPEG XL without pixels");
        return take();
      case JXL_DEC_NEED_MORE_INPUT:
        if (!flush()) return corrupt("a JPEG XL that is cut off");
        return take();
      default:
        return corrupt("libjxl");
    }
  }
}

}  // namespace

Result<planar::Decoded> decode_jxl(std::string_view file, const ThumbnailRequest& request) {
  return Decoding(file, request).run();
}

}  // namespace thumbmill::jxl
