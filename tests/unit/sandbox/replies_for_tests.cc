#include "replies_for_tests.h"

#include <cstdint>
#include <string>
#include <utility>

#include <unistd.h>

namespace thumbmill {

DecodeReply good_reply(const DecodeRequest& request) {
  DecodeReply reply;
  reply.sequence = request.sequence;
  reply.source_size = kSourceSize;
  for (const RenditionSpec& spec : request.renditions) {
    DecodedRendition rendition;
    rendition.offset = reply.renditions.size() * kJpeg.size();
    rendition.facts.name = spec.name;
    rendition.facts.size = plan_fit(kSourceSize, spec).canvas;
    rendition.facts.size_bytes = kJpeg.size();
    rendition.facts.placeholder = "LEHV6nWB2yk8pyo0adR*.7kCMdnj";
    rendition.facts.color = "#102030";
    reply.renditions.push_back(rendition);
  }
  return reply;
}

void refuse(DecodeReply& reply, Status status) {
  reply.status = std::move(status);
  reply.source_size = {};
  reply.renditions.clear();
}

bool lie(std::string_view command, DecodeReply& reply) {
  DecodedRendition& first = reply.renditions.front();
  if (command == "good" || command == "leave" || command == "fail good") return true;
  if (command == "pid") return first.facts.placeholder = std::to_string(::getpid()), true;
  if (command == "other-name") return first.facts.name = "other", true;
  if (command == "other-format") return first.facts.format = ImageFormat::webp, true;
  if (command == "other-size") return first.facts.size.width += 1, true;
  if (command == "huge-size") return first.facts.size = {4'000'000'000u, 4'000'000'000u}, true;
  if (command == "huge-source") return reply.source_size = {31'000, 31'000}, true;
  if (command == "no-source") return reply.source_size = {0, 0}, true;
  if (command == "not-an-image") return first.offset = kJpeg.size(), true;
  if (command == "whole-output") return first.facts.size_bytes = kOutputBytes, true;
  if (command == "overlap") {
    for (DecodedRendition& rendition : reply.renditions) rendition.offset = 0;
    return true;
  }
  if (command == "past-the-end") return first.offset = kOutputBytes, true;
  if (command == "overflow") return first.offset = ~std::uint64_t{0}, true;
  if (command == "bad-color") return first.facts.color = "red", true;
  if (command == "bad-placeholder") return first.facts.placeholder = "a\nb", true;
  if (command == "none") return reply.renditions.clear(), true;
  if (command == "too-many") return reply.renditions.push_back(first), true;
  if (command == "refuse") {
    return refuse(reply, Status(Code::corrupt_input, "the image cannot be decoded", "told so")),
           true;
  }
  if (command == "lease-lost") return reply.status = Status(Code::lease_lost, "gone"), true;
  if (command == "unavailable") return reply.status = Status(Code::unavailable, "away"), true;
  if (command == "unprintable") {
    return refuse(reply, Status(Code::corrupt_input, "\x1b[2J\xff\nok")), true;
  }
  return false;
}

}  // namespace thumbmill
