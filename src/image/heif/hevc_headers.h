// The units in an hvcC box, which libde265 is given before a picture, and the few fields at the
// front of a sequence parameter set. Internal to image/heif.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/heif/coded_picture.h"

namespace thumbmill::heif {

/// Bytes of a NAL unit's header (ITU-T H.265 section 7.3.1.2).
inline constexpr std::size_t kHevcUnitHeader = 2;
// nal_unit_type (table 7-1).
inline constexpr unsigned kHevcFirstIntra = 16,
                          kHevcLastIntra = 23;  ///< BLA_W_LP to RSV_IRAP_VCL23
inline constexpr unsigned kHevcLastSlice = 31;  ///< of all coded slices
inline constexpr unsigned kHevcVideoParameters = 32;
inline constexpr unsigned kHevcSequenceParameters = 33;
inline constexpr unsigned kHevcPictureParameters = 34;

/// nal_unit_type; `unit` has at least a header.
inline unsigned hevc_unit_type(std::string_view unit) {
  return static_cast<unsigned char>(unit[0]) >> 1 & 63u;
}

/// The body of an hvcC box (ISO/IEC 14496-15 section 8.3.3.1). Borrows it.
struct HevcConfig {
  bool valid = false;
  std::size_t length_bytes = 4;         ///< of the length before each unit of an item, 1 to 4
  std::vector<std::string_view> units;  ///< parameter sets, each longer than a unit's header
};

HevcConfig read_hevc_config(std::string_view config);

/// What a sequence parameter set says; `unit` has at least a header. corrupt_input, or unsupported
/// for what is not decoded here.
Result<CodedFormat> read_hevc_parameters(std::string_view unit);

}  // namespace thumbmill::heif
