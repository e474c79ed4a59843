#include "kernels_for_tests.h"

#include <cstdint>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "peak_memory.h"
#include "replies_for_tests.h"

namespace thumbmill {

Result<Thumbnails> MemoryMeter::make(const ThumbnailRequest& request, const OpContext& context) {
  ThumbnailRequest watched = request;
  std::uint64_t asked = 0;
  watched.admit = [&asked](std::uint64_t bytes) {
    asked = bytes;
    return Status();
  };
  const std::uint64_t before = peak_memory_bytes();
  const Status made = inner_.make(watched, context).status();
  if (asked == 0) return made.ok() ? Status(Code::internal, "it did not ask") : made;
  return Status(Code::too_large,
                std::to_string(asked) + " " + std::to_string(peak_memory_bytes() - before));
}

Result<Thumbnails> GreedyKernel::make(const ThumbnailRequest& request, const OpContext&) {
  std::istringstream words(request.source.to_string().value().substr(3));
  std::uint64_t asks_for = 0, takes = 0;
  words >> asks_for >> takes;
  RETURN_IF_ERROR(request.admit(asks_for << 20));
  std::vector<std::unique_ptr<char[]>> taken;
  try {
    while (taken.size() < takes) taken.push_back(std::make_unique<char[]>(1 << 20));
  } catch (const std::bad_alloc&) {
    return Status(Code::too_large, "no more memory", std::to_string(taken.size()));
  }
  Thumbnails thumbnails;
  thumbnails.source_size = kSourceSize;
  DecodeRequest decoded;
  decoded.renditions = request.renditions;
  DecodeReply reply = good_reply(decoded);
  for (DecodedRendition& rendition : reply.renditions) {
    thumbnails.renditions.push_back({std::move(rendition.facts), Blob(std::string(kJpeg))});
  }
  return thumbnails;
}

}  // namespace thumbmill
