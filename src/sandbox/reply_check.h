// Reads a decoder's reply without trusting it. Internal to sandbox/.
#pragma once

#include <cstdint>
#include <string_view>

#include "image/thumbnailer.h"

namespace thumbmill {

/// The renditions that `message` describes, their bytes copied out of `output` and checked against
/// what was asked for. decoder_crashed when the reply is not one that our own decoder would give;
/// conflict when it answers another request than `sequence`; otherwise the status that it gives.
Result<Thumbnails> read_reply(std::string_view message, std::uint64_t sequence, int output,
                              const ThumbnailRequest& request);

}  // namespace thumbmill
