// Coded pictures, HEVC and AV1, and the port behind which their decoders are. A decoder gives a
// view of its own memory: nothing is copied, and nothing is converted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "image/heif/properties.h"
#include "model/rendition.h"

namespace thumbmill::heif {

/// How many chroma samples there are: none, or luma's divided by 1 or 2 in either direction.
struct Chroma {
  bool present = false;
  std::uint32_t divisor_x = 1;
  std::uint32_t divisor_y = 1;
  bool operator==(const Chroma&) const = default;
};

/// What a coded picture's header says (an SPS, or a sequence header).
struct CodedFormat {
  SizePx size;   ///< of what is shown, before any property of the item
  SizePx coded;  ///< of what the decoder takes memory for
  Chroma chroma;
  int bits = 8;  ///< a sample, 8 to 12
  /// How many pictures the decoder may have to keep at once: layers of an AV1 item refer to others.
  int pictures = 1;
};

/// Samples in somebody else's memory: luma (or green, if codes say so), then chroma if present.
/// Those of more than 8 bits take two bytes, little-endian.
struct SampleView {
  const std::uint8_t* at = nullptr;
  std::ptrdiff_t stride_bytes = 0;

  const std::uint8_t* row(std::size_t y) const {
    return at + static_cast<std::ptrdiff_t>(y) * stride_bytes;
  }
};
using PlaneViews = std::array<SampleView, 3>;

/// One decoded picture, valid up to the decoder's next call.
struct DecodedSamples {
  ColorCodes codes;  ///< of the bitstream
  PlaneViews planes;
};

/// Whether what smooths block edges behind the reconstruction is done. Nothing within a picture is
/// predicted from smoothed samples (ITU-T H.265 section 8.4.4.2, AV1 section 7.11.2): without it
/// only block edges show a little, which a reduction by 2 and more averages.
enum class BlockEdges { smooth, leave };

/// One thread at a time.
class PictureDecoder {
 public:
  virtual ~PictureDecoder() = default;

  /// Decodes the one picture of an item. It must be of the format that the decoder was made for:
  /// otherwise corrupt_input, before memory is taken.
  virtual Result<DecodedSamples> decode(std::string_view item) = 0;
};

/// The format of the first sequence parameter set in `config`, the body of an hvcC box (ISO/IEC
/// 14496-15 section 8.3.3.1). corrupt_input, or unsupported for what is not decoded here.
Result<CodedFormat> read_hevc_format(std::string_view config);

/// The same from the sequence header in an AV1 item.
Result<CodedFormat> read_av1_format(std::string_view item);

/// Decoders by libde265 and dav1d, in the calling thread. `config` is borrowed.
std::unique_ptr<PictureDecoder> make_hevc_decoder(std::string_view config,
                                                  const CodedFormat& format, BlockEdges edges);
std::unique_ptr<PictureDecoder> make_av1_decoder(const CodedFormat& format, BlockEdges edges);
}  // namespace thumbmill::heif
