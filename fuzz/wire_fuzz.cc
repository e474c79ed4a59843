// The messages of a decoder process, which may have been taken over by an image; and those to it.
#include <string>

#include "base/status.h"
#include "fuzz_target.h"
#include "sandbox/wire.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message = fuzz_text(data, size);
  if (const auto request = decode_request(message); request.ok()) {
    THUMBMILL_CHECK(encode_request(*request) == message);
    THUMBMILL_CHECK(validate(request->renditions).ok());
  }
  if (const auto reply = decode_reply(message); reply.ok()) {
    THUMBMILL_CHECK(encode_reply(*reply) == message);
    for (const DecodedRendition& rendition : reply->renditions) {
      THUMBMILL_CHECK(rendition.offset <= kOutputBytes &&
                      rendition.facts.size_bytes <= kOutputBytes - rendition.offset);
    }
  }
  if (const auto need = decode_need(message); need.ok()) {
    THUMBMILL_CHECK(encode_need(*need) == message);
  }
  if (const auto sequence = decode_go(message); sequence.ok()) {
    THUMBMILL_CHECK(encode_go(*sequence) == message);
  }
  return 0;
}
