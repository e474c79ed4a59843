#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include <dav1d/dav1d.h>

#include "image/heif/coded_picture.h"
#include "image/limit_checks.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

// A layered item has up to 4 layers (AV1-AVIF section 2.3.2.4), of which later ones are made from
// earlier ones.
constexpr int kMostLayers = 4;

Chroma chroma_of(Dav1dPixelLayout layout) {
  switch (layout) {
    case DAV1D_PIXEL_LAYOUT_I400:
      return {};
    case DAV1D_PIXEL_LAYOUT_I420:
      return {true, 2, 2};
    case DAV1D_PIXEL_LAYOUT_I422:
      return {true, 2, 1};
    default:
      return {true, 1, 1};
  }
}

// One thread at a time.
class Av1Decoder final : public PictureDecoder {
 public:
  Av1Decoder(const CodedFormat& format, BlockEdges edges) : format_(format), edges_(edges) {}
  ~Av1Decoder() override {
    dav1d_picture_unref(&picture_);
    if (context_ != nullptr) dav1d_close(&context_);
  }
  Av1Decoder(const Av1Decoder&) = delete;
  Av1Decoder& operator=(const Av1Decoder&) = delete;

  Result<DecodedSamples> decode(std::string_view item) override;

 private:
  Status start();
  // Into picture_; 0, or dav1d's error.
  int run(std::string_view item);
  static int take(Dav1dPicture* picture, void* self);
  static void give_back(Dav1dPicture* picture, void* self);

  const CodedFormat format_;
  const BlockEdges edges_;
  int pictures_ = 0;  // that there are
  Dav1dContext* context_ = nullptr;
  Dav1dPicture picture_{};
};

// dav1d's own allocator keeps no count, and a frame may keep eight others.
int Av1Decoder::take(Dav1dPicture* picture, void* self) {
  auto* const decoder = static_cast<Av1Decoder*>(self);
  if (decoder->pictures_ >= decoder->format_.pictures + 1) return DAV1D_ERR(ENOMEM);
  constexpr std::size_t kBlock = 128, kAlignment = DAV1D_PICTURE_ALIGNMENT;
  const std::size_t bytes = picture->p.bpc > 8 ? 2 : 1;
  const Chroma chroma = chroma_of(picture->p.layout);
  const auto up = [](int side) {
    return (static_cast<std::size_t>(side) + kBlock - 1) / kBlock * kBlock;
  };
  const std::size_t height = up(picture->p.h);
  // Rows at a distance of a power of two would share a few lines of the cache.
  const auto stride_of = [&](std::size_t samples) {
    const std::size_t stride = samples * bytes;
    return stride % 1024 == 0 ? stride + kAlignment : stride;
  };
  const std::size_t luma_stride = stride_of(up(picture->p.w));
  const std::size_t chroma_stride =
      chroma.present ? stride_of(up(picture->p.w) / chroma.divisor_x) : 0;
  const std::size_t luma = luma_stride * height;
  const std::size_t difference = chroma.present ? chroma_stride * height / chroma.divisor_y : 0;
  auto* const memory = static_cast<std::uint8_t*>(
      std::aligned_alloc(kAlignment, luma + 2 * difference + kAlignment));
  if (memory == nullptr) return DAV1D_ERR(ENOMEM);
  ++decoder->pictures_;
  picture->allocator_data = memory;
  picture->data[0] = memory;
  picture->data[1] = chroma.present ? memory + luma : nullptr;
  picture->data[2] = chroma.present ? memory + luma + difference : nullptr;
  picture->stride[0] = static_cast<std::ptrdiff_t>(luma_stride);
  picture->stride[1] = static_cast<std::ptrdiff_t>(chroma_stride);
  return 0;
}

void Av1Decoder::give_back(Dav1dPicture* picture, void* self) {
  --static_cast<Av1Decoder*>(self)->pictures_;
  std::free(picture->allocator_data);
}

Status Av1Decoder::start() {
  Dav1dSettings settings;
  dav1d_default_settings(&settings);
  settings.n_threads = 1;
  settings.max_frame_delay = 1;
  // Film grain is noise, of which a reduction keeps nothing.
  settings.apply_grain = edges_ == BlockEdges::leave ? 0 : 1;
  settings.all_layers = 0;
  settings.frame_size_limit = static_cast<unsigned>(
      std::min<std::uint64_t>(std::uint64_t{format_.coded.width} * format_.coded.height, UINT_MAX));
  settings.inloop_filters =
      edges_ == BlockEdges::leave ? DAV1D_INLOOPFILTER_NONE : DAV1D_INLOOPFILTER_ALL;
  settings.logger = {nullptr, nullptr};
  settings.allocator = {this, take, give_back};
  if (dav1d_open(&context_, &settings) != 0) {
    return no_memory();
  }
  return Status();
}

int Av1Decoder::run(std::string_view item) {
  Dav1dData data{};
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(item.data());
  if (int error = dav1d_data_wrap(
          &data, bytes, item.size(), [](auto*, auto*) {}, nullptr))
    return error;
  int error = DAV1D_ERR(EAGAIN);
  while (error == DAV1D_ERR(EAGAIN)) {
    if (data.sz > 0) {
      const int sent = dav1d_send_data(context_, &data);
      if (sent < 0 && sent != DAV1D_ERR(EAGAIN)) {
        error = sent;
        break;
      }
    }
    const bool all_sent = data.sz == 0;
    error = dav1d_get_picture(context_, &picture_);
    if (all_sent) break;
  }
  dav1d_data_unref(&data);
  return error;
}

Result<DecodedSamples> Av1Decoder::decode(std::string_view item) {
  if (item.empty()) return corrupt("an empty item");
  if (context_ == nullptr) RETURN_IF_ERROR(start());
  dav1d_picture_unref(&picture_);
  dav1d_flush(context_);
  if (const int error = run(item); error != 0) {
    if (error == DAV1D_ERR(ENOMEM)) {
      return no_memory();
    }
    return corrupt("dav1d");
  }
  const Dav1dPictureParameters& shape = picture_.p;
  const bool same = static_cast<int>(format_.size.width) == shape.w &&
                    static_cast<int>(format_.size.height) == shape.h && format_.bits == shape.bpc &&
                    format_.chroma == chroma_of(shape.layout);
  if (!same) return corrupt("a picture of another format");
  const Dav1dSequenceHeader& header = *picture_.seq_hdr;
  DecodedSamples samples;
  samples.codes = {static_cast<std::uint16_t>(header.pri), static_cast<std::uint16_t>(header.trc),
                   static_cast<std::uint16_t>(header.mtrx), header.color_range != 0};
  for (std::size_t i = 0; i < (format_.chroma.present ? 3u : 1u); ++i) {
    samples.planes[i] = {static_cast<const std::uint8_t*>(picture_.data[i]),
                         picture_.stride[i == 0 ? 0 : 1]};
  }
  return samples;
}

}  // namespace

Result<CodedFormat> read_av1_format(std::string_view item) {
  Dav1dSequenceHeader header;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(item.data());
  if (item.empty() || dav1d_parse_sequence_header(&header, bytes, item.size()) != 0) {
    return corrupt("no sequence header");
  }
  CodedFormat format;
  format.size = format.coded = {static_cast<std::uint32_t>(header.max_width),
                                static_cast<std::uint32_t>(header.max_height)};
  format.chroma = chroma_of(header.layout);
  format.bits = 8 + 2 * header.hbd;
  format.pictures = header.still_picture != 0 ? 1 : kMostLayers;
  return format;
}

std::unique_ptr<PictureDecoder> make_av1_decoder(const CodedFormat& format, BlockEdges edges) {
  return std::make_unique<Av1Decoder>(format, edges);
}

}  // namespace thumbmill::heif
