#include "sandbox/reply_check.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "base/ascii.h"
#include "sandbox/output_file.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

Status impossible(std::string what) {
  return Status(Code::decoder_crashed, "impossible reply", std::move(what));
}

// The codes that a decoder may give for an image. Any other would change what the worker does:
// unavailable and exhausted, above all, would have it try the same image for hours.
bool may_fail_with(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::unsupported:
    case Code::too_large:
    case Code::corrupt_input:
    case Code::internal:
      return true;
    default:
      return false;
  }
}

// What clients and terminals are shown must not be a way to speak to them.
Status check_facts(const RenditionResult& facts, const RenditionSpec& spec, SizePx source) {
  if (facts.name != spec.name) return impossible("another rendition than asked for");
  const bool format_fits =
      spec.format ? facts.format == *spec.format
                  : facts.format == ImageFormat::jpeg || facts.format == ImageFormat::png;
  if (!format_fits) return impossible("another format than asked for");
  if (facts.size != plan_fit(source, spec).canvas) return impossible("another size than asked for");
  if (!is_printable_ascii(facts.placeholder) || !color_from_string(facts.color)) {
    return impossible("placeholder or colour");
  }
  // More would be somebody's way to fill our memory and the store.
  const std::uint64_t pixels = std::uint64_t{facts.size.width} * facts.size.height;
  if (facts.size_bytes > pixels * kMaxBytesPerPixel + kMaxHeaderBytes) {
    return impossible("more bytes than pixels take");
  }
  return Status();
}

Result<std::string> copy_bytes(int output, const DecodedRendition& rendition) {
  std::string bytes(rendition.facts.size_bytes, '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(output, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(rendition.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return status_from_errno(got < 0 ? errno : EIO, "reading a decoder's output");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace

Result<Thumbnails> read_reply(std::string_view message, std::uint64_t sequence, int output,
                              const ThumbnailRequest& request) {
  const Result<DecodeReply> reply = decode_reply(message);
  if (!reply.ok()) return impossible(reply.status().message());
  if (reply->sequence != sequence) return Status(Code::conflict, "an answer to another request");
  if (!reply->status.ok()) {
    const bool possible =
        may_fail_with(reply->status.code()) && is_printable_ascii(reply->status.message());
    if (!possible) return impossible("a code or a message that is not the decoder's");
    return reply->status;
  }
  const bool sized = reply->source_size.width > 0 && reply->source_size.height > 0 &&
                     reply->source_size.width <= request.limits.max_side_px &&
                     reply->source_size.height <= request.limits.max_side_px;
  if (!sized || reply->renditions.size() != request.renditions.size())
    return impossible("sizes or counts");
  Thumbnails thumbnails;
  thumbnails.source_size = reply->source_size;
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < request.renditions.size(); ++i) {
    const DecodedRendition& rendition = reply->renditions[i];
    RETURN_IF_ERROR(check_facts(rendition.facts, request.renditions[i], reply->source_size));
    // One behind the other: together they are no more than the output holds.
    if (rendition.offset != end) return impossible("a rendition in another place");
    end += rendition.facts.size_bytes;
    ASSIGN_OR_RETURN(std::string bytes, copy_bytes(output, rendition));
    if (sniff_image_format(bytes) != rendition.facts.format)
      return impossible("bytes of another format");
    thumbnails.renditions.push_back({rendition.facts, Blob(std::move(bytes))});
  }
  return thumbnails;
}

}  // namespace thumbmill
