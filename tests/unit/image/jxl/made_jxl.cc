#include "jxl/made_jxl.h"

#include <cmath>
#include <cstring>
#include <vector>

#include <jxl/decode.h>

#include "base/status.h"

namespace thumbmill {
namespace {

void must(JxlEncoderStatus status) { THUMBMILL_CHECK(status == JXL_ENC_SUCCESS); }

std::size_t channel_count(const MadeJxl& made) { return made.colors + (made.has_alpha ? 1 : 0); }

JxlBasicInfo info_of(const MadeJxl& made) {
  JxlBasicInfo info;
  JxlEncoderInitBasicInfo(&info);
  info.xsize = made.width;
  info.ysize = made.height;
  info.bits_per_sample = made.bits;
  info.exponent_bits_per_sample = made.bits == 32 ? 8 : 0;
  info.num_color_channels = made.colors;
  info.num_extra_channels = (made.has_alpha ? 1u : 0u) + (made.has_black ? 1u : 0u);
  if (made.has_alpha) {
    info.alpha_bits = info.bits_per_sample;
    info.alpha_exponent_bits = info.exponent_bits_per_sample;
  }
  info.orientation = static_cast<JxlOrientation>(made.orientation);
  info.uses_original_profile = made.lossless ? JXL_TRUE : JXL_FALSE;
  if (made.frames > 1) {
    info.have_animation = JXL_TRUE;
    info.animation.tps_numerator = 10;
    info.animation.tps_denominator = 1;
  }
  return info;
}

// Of a frame.
std::uint32_t width_of(const MadeJxl& made) {
  return made.frame_side > 0 ? made.frame_side : made.width;
}
std::uint32_t height_of(const MadeJxl& made) {
  return made.frame_side > 0 ? made.frame_side : made.height;
}

std::string pixels_of(const MadeJxl& made, bool white) {
  std::string bytes;
  const auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (std::uint32_t y = 0; y < height_of(made); ++y) {
    for (std::uint32_t x = 0; x < width_of(made); ++x) {
      for (std::size_t c = 0; c < channel_count(made); ++c) {
        const double value = white ? 1 : made.sample(c, x, y);
        if (made.bits == 8) put(static_cast<std::uint8_t>(std::lround(value * 255)));
        if (made.bits == 16) put(static_cast<std::uint16_t>(std::lround(value * 65535)));
        if (made.bits == 32) put(static_cast<float>(value));
      }
    }
  }
  return bytes;
}

void set_colors(JxlEncoder* encoder, const MadeJxl& made) {
  if (!made.profile.empty()) {
    must(JxlEncoderSetICCProfile(
        encoder, reinterpret_cast<const std::uint8_t*>(made.profile.data()), made.profile.size()));
    return;
  }
  JxlColorEncoding encoding;
  JxlColorEncodingSetToSRGB(&encoding, made.colors == 1 ? JXL_TRUE : JXL_FALSE);
  if (made.encoding) encoding = *made.encoding;
  must(JxlEncoderSetColorEncoding(encoder, &encoding));
}

void set_options(JxlEncoderFrameSettings* settings, const MadeJxl& made) {
  const auto set = [&](JxlEncoderFrameSettingId id, std::int64_t value) {
    must(JxlEncoderFrameSettingsSetOption(settings, id, value));
  };
  set(JXL_ENC_FRAME_SETTING_EFFORT, 3);
  if (made.progressive) set(JXL_ENC_FRAME_SETTING_PROGRESSIVE_AC, 1);
  if (made.center_first) set(JXL_ENC_FRAME_SETTING_GROUP_ORDER, 1);
  if (made.lossless) {
    must(JxlEncoderSetFrameLossless(settings, JXL_TRUE));
  } else {
    must(JxlEncoderSetFrameDistance(settings, 0.5f));
  }
}

void add_frames(JxlEncoder* encoder, const MadeJxl& made) {
  JxlEncoderFrameSettings* const settings = JxlEncoderFrameSettingsCreate(encoder, nullptr);
  set_options(settings, made);
  const JxlDataType type = made.bits == 8    ? JXL_TYPE_UINT8
                           : made.bits == 16 ? JXL_TYPE_UINT16
                                             : JXL_TYPE_FLOAT;
  const JxlPixelFormat format{static_cast<std::uint32_t>(channel_count(made)), type,
                              JXL_NATIVE_ENDIAN, 0};
  for (int i = 0; i < made.frames; ++i) {
    if (made.frames > 1 || made.frame_side > 0) {
      JxlFrameHeader header;
      JxlEncoderInitFrameHeader(&header);
      header.duration = made.frames > 1 ? 1 : 0;
      if (made.frame_side > 0) {
        header.layer_info.have_crop = JXL_TRUE;
        header.layer_info.xsize = header.layer_info.ysize = made.frame_side;
      }
      must(JxlEncoderSetFrameHeader(settings, &header));
    }
    const std::string pixels = pixels_of(made, i > 0);
    must(JxlEncoderAddImageFrame(settings, &format, pixels.data(), pixels.size()));
    if (made.has_black) {
      const std::string black(std::size_t{made.width} * made.height, '\0');
      const JxlPixelFormat one{1, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
      must(JxlEncoderSetExtraChannelBuffer(settings, &one, black.data(), black.size(), 0));
    }
  }
}

// ISO/IEC 18181-1 annex B: fields from the lowest bit on.
class Bits {
 public:
  void put(std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i, ++used_) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      if ((value >> i & 1) != 0) bytes_.back() = static_cast<char>(bytes_.back() | 1 << used_ % 8);
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = "\xff\x0a";
  std::size_t used_ = 16;
};

// 18181-1 annex D: of a lossless picture in 8 bits, sRGB, whose alpha is premultiplied.
std::string premultiplied_header(const MadeJxl& made) {
  THUMBMILL_CHECK(made.width % 8 == 0 && made.height % 8 == 0 && made.width <= 256 &&
                  made.height <= 256 && made.bits == 8 && made.lossless && made.colors == 3);
  Bits bits;
  bits.put(1, 1);  // sides in eights
  bits.put(made.height / 8 - 1, 5);
  bits.put(0, 3);  // no ratio
  bits.put(made.width / 8 - 1, 5);
  bits.put(0, 2);      // not all default, no extra fields
  bits.put(0, 3);      // integers of 8 bits
  bits.put(1, 1);      // 16 bits are enough for modular buffers
  bits.put(1, 2);      // one extra channel,
  bits.put(0, 1 + 2);  // not a default one: alpha
  bits.put(0, 3);      // of 8 bits
  bits.put(0, 2 + 2);  // not smaller, without a name
  bits.put(1, 1);      // premultiplied
  bits.put(0, 1);      // not XYB
  bits.put(1, 1);      // sRGB
  bits.put(0, 2);      // no extensions
  bits.put(1, 1);      // default transforms
  return bits.bytes();
}

// libjxl 0.7 ends the process when it is to write premultiplied alpha.
std::string with_premultiplied_header(const MadeJxl& made, const std::string& file) {
  JxlDecoder* const decoder = JxlDecoderCreate(nullptr);
  THUMBMILL_CHECK(JxlDecoderSubscribeEvents(decoder, JXL_DEC_COLOR_ENCODING) == JXL_DEC_SUCCESS);
  THUMBMILL_CHECK(JxlDecoderSetInput(decoder, reinterpret_cast<const std::uint8_t*>(file.data()),
                                     file.size()) == JXL_DEC_SUCCESS);
  THUMBMILL_CHECK(JxlDecoderProcessInput(decoder) == JXL_DEC_COLOR_ENCODING);
  const std::string frames = file.substr(file.size() - JxlDecoderReleaseInput(decoder));
  JxlDecoderDestroy(decoder);
  return premultiplied_header(made) + frames;
}

std::string output_of(JxlEncoder* encoder) {
  std::string file(1 << 16, '\0');
  for (std::size_t used = 0;;) {
    auto* next = reinterpret_cast<std::uint8_t*>(file.data()) + used;
    std::size_t left = file.size() - used;
    const JxlEncoderStatus status = JxlEncoderProcessOutput(encoder, &next, &left);
    used = file.size() - left;
    THUMBMILL_CHECK(status != JXL_ENC_ERROR);
    if (status == JXL_ENC_SUCCESS) return file.substr(0, used);
    file.resize(file.size() * 2);
  }
}

}  // namespace

std::string encode(const MadeJxl& made) {
  JxlEncoder* const encoder = JxlEncoderCreate(nullptr);
  THUMBMILL_CHECK(encoder != nullptr);
  must(JxlEncoderUseContainer(encoder, made.container ? JXL_TRUE : JXL_FALSE));
  const JxlBasicInfo info = info_of(made);
  if (made.has_black) must(JxlEncoderSetCodestreamLevel(encoder, 10));
  must(JxlEncoderSetBasicInfo(encoder, &info));
  if (made.has_black) {
    JxlExtraChannelInfo extra;
    JxlEncoderInitExtraChannelInfo(JXL_CHANNEL_BLACK, &extra);
    must(JxlEncoderSetExtraChannelInfo(encoder, 0, &extra));
  }
  set_colors(encoder, made);
  add_frames(encoder, made);
  JxlEncoderCloseInput(encoder);
  std::string file = output_of(encoder);
  JxlEncoderDestroy(encoder);
  return made.premultiplied ? with_premultiplied_header(made, file) : file;
}

}  // namespace thumbmill
