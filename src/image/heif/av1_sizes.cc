#include "image/heif/av1_sizes.h"

#include <algorithm>

#include <dav1d/dav1d.h>

#include "image/heif/bit_reader.h"
#include "image/heif/box_reader.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

// AV1 section 6.2.2.
constexpr unsigned kSequenceHeader = 1, kFrameHeader = 3, kFrame = 6, kRedundantFrameHeader = 7;

// Section 4.10.5.
std::uint64_t leb128(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint8_t byte = reader.u8();
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) == 0) break;
  }
  return value;
}

// frame_size_override_flag of an uncompressed_header(), section 5.9.2.
bool has_own_size(std::string_view frame_header, const Dav1dSequenceHeader& sequence) {
  if (sequence.reduced_still_picture_header != 0) return false;
  constexpr std::uint32_t kKeyFrame = 0, kSwitchFrame = 3;
  BitReader bits(frame_header);
  if (bits.flag()) return false;  // show_existing_frame
  const std::uint32_t type = bits.bits(2);
  const bool shown = bits.flag();
  if (!shown) {
    bits.skip(1);  // showable_frame
  } else if (sequence.decoder_model_info_present != 0 && sequence.equal_picture_interval == 0) {
    bits.skip(static_cast<std::size_t>(sequence.frame_presentation_delay_length));
  }
  if (type == kSwitchFrame) return true;
  if (type != kKeyFrame || !shown) bits.skip(1);  // error_resilient_mode
  bits.skip(1);                                   // disable_cdf_update
  const bool screen_content = sequence.screen_content_tools == DAV1D_ADAPTIVE
                                  ? bits.flag()
                                  : sequence.screen_content_tools != DAV1D_OFF;
  if (screen_content && sequence.force_integer_mv == DAV1D_ADAPTIVE) bits.skip(1);
  if (sequence.frame_id_numbers_present != 0) {
    bits.skip(static_cast<std::size_t>(sequence.frame_id_n_bits));
  }
  return bits.flag();
}

}  // namespace

Status Av1Sizes::read_sequence(std::string_view unit) {
  Dav1dSequenceHeader header;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(unit.data());
  if (dav1d_parse_sequence_header(&header, bytes, unit.size()) != 0) {
    return corrupt("a sequence header");
  }
  sequence_ = header;
  sequences_.push_back({static_cast<std::uint32_t>(header.max_width),
                        static_cast<std::uint32_t>(header.max_height)});
  return Status();
}

Status Av1Sizes::read(std::string_view units) {
  while (!units.empty()) {
    ByteReader reader(units);
    const std::uint8_t header = reader.u8();
    if ((header & 4) != 0) reader.u8();  // an extension
    const bool has_size = (header & 2) != 0;
    const std::uint64_t size = has_size ? leb128(reader) : reader.rest().size();
    const std::string_view payload = reader.take(static_cast<std::size_t>(size));
    if (reader.failed()) return corrupt("a unit of AV1 is cut off");
    const unsigned type = header >> 3 & 15u;
    const bool is_frame = type == kFrameHeader || type == kFrame || type == kRedundantFrameHeader;
    if (type == kSequenceHeader) {
      RETURN_IF_ERROR(read_sequence(units.substr(0, units.size() - reader.rest().size())));
    } else if (is_frame && sequence_ && has_own_size(payload, *sequence_)) {
      most_own_pixels_ = std::max(most_own_pixels_, std::uint64_t{1} << (sequence_->width_n_bits +
                                                                         sequence_->height_n_bits));
    }
    units = reader.rest();
  }
  return Status();
}

}  // namespace thumbmill::heif
