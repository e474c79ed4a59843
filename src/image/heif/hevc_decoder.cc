#include <algorithm>
#include <memory>

#include <libde265/de265.h>

#include "image/heif/box_reader.h"
#include "image/heif/coded_picture.h"
#include "image/heif/hevc_headers.h"
#include "image/limit_checks.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status failure(de265_error error) {
  if (error == DE265_ERROR_OUT_OF_MEMORY) {
    return no_memory();
  }
  return corrupt(de265_get_error_text(error));
}

struct FreeContext {
  void operator()(void* context) const { de265_free_decoder(context); }
};

Chroma chroma_of(const de265_image* image) {
  switch (de265_get_chroma_format(image)) {
    case de265_chroma_mono:
      return {};
    case de265_chroma_420:
      return {true, 2, 2};
    case de265_chroma_422:
      return {true, 2, 1};
    default:
      return {true, 1, 1};
  }
}

std::uint16_t code(int value) { return static_cast<std::uint16_t>(value); }

class HevcDecoder final : public PictureDecoder {
 public:
  HevcDecoder(std::string_view config, const CodedFormat& format, BlockEdges edges)
      : config_(read_hevc_config(config)), format_(format), edges_(edges) {}

  Result<DecodedSamples> decode(std::string_view item) override;

 private:
  Status start();
  // A unit without its start code; checks what it would take memory for.
  Status push(std::string_view unit);
  Status push_picture(std::string_view item);
  Result<const de265_image*> finish();

  const HevcConfig config_;
  const CodedFormat format_;
  const BlockEdges edges_;
  std::unique_ptr<de265_decoder_context, FreeContext> context_;
  bool holds_picture_ = false;
};

Status HevcDecoder::start() {
  if (!config_.valid) return corrupt("hvcC");
  context_.reset(de265_new_decoder());
  if (context_ == nullptr) return no_memory();
  const int leave = edges_ == BlockEdges::leave ? 1 : 0;
  de265_set_parameter_bool(context_.get(), DE265_DECODER_PARAM_DISABLE_DEBLOCKING, leave);
  de265_set_parameter_bool(context_.get(), DE265_DECODER_PARAM_DISABLE_SAO, leave);
  for (const std::string_view unit : config_.units) {
    const unsigned type = hevc_unit_type(unit);
    if (type < kHevcVideoParameters || type > kHevcPictureParameters) continue;
    RETURN_IF_ERROR(push(unit));
  }
  return Status();
}

Status HevcDecoder::push(std::string_view unit) {
  if (hevc_unit_type(unit) == kHevcSequenceParameters) {
    ASSIGN_OR_RETURN(const CodedFormat format, read_hevc_parameters(unit));
    const bool same = format.coded == format_.coded && format.chroma == format_.chroma &&
                      format.bits == format_.bits;
    if (!same) return corrupt("another SPS");
  }
  const de265_error error =
      de265_push_NAL(context_.get(), unit.data(), static_cast<int>(unit.size()), 0, nullptr);
  return de265_isOK(error) != 0 ? Status() : failure(error);
}

// One intra picture. Others that would refer to it, or to some that are not there, take memory and
// time only.
Status HevcDecoder::push_picture(std::string_view item) {
  ByteReader reader(item);
  bool begun = false;
  while (!reader.at_end()) {
    const std::string_view unit =
        reader.take(static_cast<std::size_t>(reader.number(config_.length_bytes)));
    if (reader.failed()) return corrupt("a unit is cut off");
    if (unit.size() <= kHevcUnitHeader) continue;
    const unsigned type = hevc_unit_type(unit);
    if (type > kHevcPictureParameters) continue;
    if (type <= kHevcLastSlice) {
      const bool first_slice = (unit[kHevcUnitHeader] & 0x80) != 0;
      if (begun && first_slice) break;
      if (type < kHevcFirstIntra || type > kHevcLastIntra) return corrupt("not an intra picture");
      begun = true;
    }
    RETURN_IF_ERROR(push(unit));
  }
  return begun ? Status() : corrupt("no slice");
}

Result<const de265_image*> HevcDecoder::finish() {
  de265_push_end_of_frame(context_.get());
  int more = 1;
  while (more != 0) {
    const de265_error error = de265_decode(context_.get(), &more);
    if (const de265_image* image = de265_peek_next_picture(context_.get())) return image;
    if (de265_isOK(error) == 0) return failure(error);
  }
  return corrupt("no picture");
}

Result<DecodedSamples> HevcDecoder::decode(std::string_view item) {
  if (context_ == nullptr) RETURN_IF_ERROR(start());
  if (holds_picture_) de265_release_next_picture(context_.get());
  holds_picture_ = false;
  RETURN_IF_ERROR(push_picture(item));
  ASSIGN_OR_RETURN(const de265_image* const image, finish());
  holds_picture_ = true;
  DecodedSamples samples;
  samples.codes = {code(de265_get_image_colour_primaries(image)),
                   code(de265_get_image_transfer_characteristics(image)),
                   code(de265_get_image_matrix_coefficients(image)),
                   de265_get_image_full_range_flag(image) != 0};
  const bool same = static_cast<int>(format_.size.width) == de265_get_image_width(image, 0) &&
                    static_cast<int>(format_.size.height) == de265_get_image_height(image, 0) &&
                    format_.bits == de265_get_bits_per_pixel(image, 0) &&
                    format_.chroma == chroma_of(image);
  if (!same) return corrupt("a picture of another format");
  const int planes = format_.chroma.present ? 3 : 1;
  for (int i = 0; i < planes; ++i) {
    int stride = 0;
    samples.planes[static_cast<std::size_t>(i)].at = de265_get_image_plane(image, i, &stride);
    samples.planes[static_cast<std::size_t>(i)].stride_bytes = stride;
  }
  return samples;
}

}  // namespace

std::unique_ptr<PictureDecoder> make_hevc_decoder(std::string_view config,
                                                  const CodedFormat& format, BlockEdges edges) {
  return std::make_unique<HevcDecoder>(config, format, edges);
}

}  // namespace thumbmill::heif
