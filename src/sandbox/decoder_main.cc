#include "sandbox/decoder_main.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sandbox/packet.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitProtocol = 76;  // EX_PROTOCOL of sysexits(3)

// A sanitizer's shadow memory takes terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitAddressSpace = false;
#else
constexpr bool kLimitAddressSpace = true;
#endif

void limit(__rlimit_resource resource, rlim_t most) {
  rlimit present{};
  if (::getrlimit(resource, &present) != 0) return;
  present.rlim_cur = std::min(most, present.rlim_max);
  // A limit that cannot be set leaves the parent's own: the wall clock, and the checks of the
  // reply.
  if (::setrlimit(resource, &present) != 0) return;
}

// What a decoder process gives up before it sees any image. The confinement of system calls belongs
// here as well, before the first request is read.
void give_up_rights() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, 32);
  limit(RLIMIT_FSIZE, kOutputBytes);
}

// CPU time counts from the process's birth, so that each image's allowance is put on top of what is
// used up. Address space is a limit on the process as a whole.
void apply_limits(const ImageLimits& limits) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto used_seconds = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  const auto allowed =
      static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(limits.cpu_time).count());
  limit(RLIMIT_CPU, used_seconds + 1 + allowed);
  if (kLimitAddressSpace) limit(RLIMIT_AS, limits.max_memory_bytes);
}

Status write_output(int output, const Thumbnails& thumbnails, DecodeReply& reply) {
  std::uint64_t total = 0;
  for (const MadeRendition& made : thumbnails.renditions) total += made.bytes.size();
  if (total > kOutputBytes)
    return Status(Code::too_large, "the renditions are larger than a decoder may answer");
  std::uint64_t offset = 0;
  for (const MadeRendition& made : thumbnails.renditions) {
    ASSIGN_OR_RETURN(const BlobView view, made.bytes.view());
    std::string_view left = view.bytes();
    for (std::uint64_t at = offset; !left.empty();) {
      const ssize_t written = ::pwrite(output, left.data(), left.size(), static_cast<off_t>(at));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return status_from_errno(errno, "handing a rendition over");
      at += static_cast<std::uint64_t>(written);
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    reply.renditions.push_back({made.facts, offset});
    offset += made.facts.size_bytes;
  }
  return Status();
}

DecodeReply answer(Packet packet, Thumbnailer& thumbnailer) {
  DecodeReply reply;
  Result<DecodeRequest> request = decode_request(packet.bytes);
  if (!request.ok() || packet.descriptors.size() != 2) {
    reply.status = Status(Code::internal, "the decoder was sent a malformed request");
    return reply;
  }
  reply.sequence = request->sequence;
  apply_limits(request->limits);
  ThumbnailRequest work;
  work.source = Blob::from_file(std::move(packet.descriptors[0]), request->source_offset,
                                request->source_bytes);
  work.format = request->format;
  work.renditions = std::move(request->renditions);
  work.limits = request->limits;
  const Result<Thumbnails> thumbnails = thumbnailer.make(work, {});
  reply.status = thumbnails.ok() ? write_output(packet.descriptors[1].get(), *thumbnails, reply)
                                 : thumbnails.status();
  if (reply.status.code() == Code::unavailable || reply.status.code() == Code::exhausted) {
    // Inside the limits of this process it would be so again.
    reply.status = Status(Code::too_large, "the image takes more than decoder-memory to decode",
                          reply.status.to_string());
  }
  if (reply.status.ok()) {
    reply.source_size = thumbnails->source_size;
  } else {
    reply.renditions.clear();
  }
  return reply;
}

}  // namespace

int decoder_main(int socket, Thumbnailer& thumbnailer) {
  give_up_rights();
  while (true) {
    Result<Packet> packet = receive_packet(socket);
    if (!packet.ok()) return packet.status().code() == Code::cancelled ? kExitOk : kExitProtocol;
    const DecodeReply reply = answer(*std::move(packet), thumbnailer);
    if (!send_packet(socket, encode_reply(reply), {}).ok()) return kExitOk;  // the parent is gone
  }
}

}  // namespace thumbmill
