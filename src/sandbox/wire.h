// The messages between a DecoderPool and its decoder processes: docs/formats/wire.md. One message
// is one packet of a SOCK_SEQPACKET pair. Neither side trusts the other's: every length is bounded
// and every value checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/thumbnailer.h"

namespace thumbmill {

/// The largest message.
inline constexpr std::size_t kMaxMessageBytes = 32 * 1024;
/// The size of the memory file that a decoder writes its renditions into. Sparse: only what is
/// written takes memory.
inline constexpr std::uint64_t kOutputBytes = 256ull << 20;
/// What a decoder may take for an image without asking, as it may take its own code and tables:
/// what most photos take, for which the word to and fro would be a fifth of what handing them over
/// costs.
inline constexpr std::uint64_t kUnaskedBytes = 16ull << 20;

/// A request for one image; its bytes and the place for the output travel as descriptors.
struct DecodeRequest {
  std::uint64_t sequence = 0;       ///< counts a process's requests; its reply repeats it
  std::uint64_t source_offset = 0;  ///< of the image in the first descriptor
  std::uint64_t source_bytes = 0;
  ImageFormat format = ImageFormat::jpeg;
  ImageLimits limits;
  std::vector<RenditionSpec> renditions;
};

/// Where a rendition's bytes lie in the output.
struct DecodedRendition {
  RenditionResult facts;
  std::uint64_t offset = 0;  ///< facts.size_bytes from here
};

/// What a decoder says between the image's header and its pixels, kMostAdmissions times at most:
/// how much memory the pixels will take, instead of what it said before. It goes on when it is told
/// to.
struct MemoryNeed {
  std::uint64_t sequence = 0;  ///< of the request; the answer repeats it
  std::uint64_t bytes = 0;
};

struct DecodeReply {
  std::uint64_t sequence = 0;  ///< of the request
  Status status;               ///< of the image; the rest is there when ok
  SizePx source_size;
  std::vector<DecodedRendition> renditions;
};

/// Encoding cannot fail for what the rest of the program makes: texts are cut to their bounds.
std::string encode_request(const DecodeRequest& request);
std::string encode_reply(const DecodeReply& reply);
std::string encode_need(const MemoryNeed& need);
/// The word to go on with the request of that sequence.
std::string encode_go(std::uint64_t sequence);

/// invalid_argument for anything that encode_*() could not have made.
Result<DecodeRequest> decode_request(std::string_view message);
Result<DecodeReply> decode_reply(std::string_view message);
Result<MemoryNeed> decode_need(std::string_view message);
Result<std::uint64_t> decode_go(std::string_view message);

}  // namespace thumbmill
