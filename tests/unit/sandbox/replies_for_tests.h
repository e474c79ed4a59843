// What decoder_for_tests answers: replies that the parent believes, and those that it must not.
#pragma once

#include <string_view>

#include "base/status.h"
#include "model/rendition.h"
#include "sandbox/wire.h"

namespace thumbmill {

/// Enough of a JPEG for the parent's check.
inline constexpr std::string_view kJpeg = "\xff\xd8\xff\xe0 not quite a picture";
inline constexpr SizePx kSourceSize{640, 480};

/// Renditions of kJpeg, one behind the other in the output.
DecodeReply good_reply(const DecodeRequest& request);

/// Turns a reply into a failure.
void refuse(DecodeReply& reply, Status status);

/// Changes a good reply into one that is a lie; false for a command that is none of these.
bool lie(std::string_view command, DecodeReply& reply);

}  // namespace thumbmill
