#include "sandbox/decoder_main.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/resource.h>
#include <unistd.h>

#include "image/limit_checks.h"
#include "sandbox/memory_limit.h"
#include "sandbox/output_file.h"
#include "sandbox/packet.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitProtocol = 76;  // EX_PROTOCOL of sysexits(3)

// CPU time counts from the process's birth, so that each image's allowance is put on top of what is
// used up.
void limit_cpu_time(const ImageLimits& limits) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto used_seconds = static_cast<std::uint64_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  const auto allowed =
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(limits.cpu_time).count());
  set_soft_limit(RLIMIT_CPU, used_seconds + 1 + allowed);
}

// A stack that could not grow when the memory is used up would be the end of the process: it grows
// now.
[[gnu::noinline]] void reserve_stack() {
  constexpr std::size_t kStackBytes = 256 * 1024;
  volatile char room[kStackBytes];
  room[0] = 0;
  (void)room[0];
}

// Says what the pixels will take, and waits for leave.
Status ask_for_memory(int socket, std::uint64_t sequence, std::uint64_t bytes) {
  if (bytes <= kUnaskedBytes) return Status();
  RETURN_IF_ERROR(send_packet(socket, encode_need({sequence, bytes}), {}));
  ASSIGN_OR_RETURN(const Packet packet, receive_packet(socket));
  ASSIGN_OR_RETURN(const std::uint64_t allowed, decode_go(packet.bytes));
  if (allowed == sequence) return Status();
  return Status(Code::internal, "the decoder was let go on with another image");
}

Status write_output(int output, const Thumbnails& thumbnails, std::uint64_t most_bytes,
                    DecodeReply& reply) {
  std::uint64_t total = 0;
  for (const MadeRendition& made : thumbnails.renditions) total += made.bytes.size();
  if (total > most_bytes)
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

DecodeReply answer(int socket, Packet packet, Thumbnailer& thumbnailer, MemoryLimit& memory) {
  DecodeReply reply;
  Result<DecodeRequest> request = decode_request(packet.bytes);
  if (!request.ok() || packet.descriptors.size() != 2) {
    reply.status = Status(Code::internal, "the decoder was sent a malformed request");
    return reply;
  }
  reply.sequence = request->sequence;
  limit_cpu_time(request->limits);
  memory.begin(request->source_bytes, request->limits.max_memory_bytes);
  ThumbnailRequest work;
  work.source = Blob::from_file(std::move(packet.descriptors[0]), request->source_offset,
                                request->source_bytes);
  work.format = request->format;
  work.renditions = std::move(request->renditions);
  work.limits = request->limits;
  work.admit = [socket, sequence = request->sequence, &memory](std::uint64_t bytes) {
    RETURN_IF_ERROR(ask_for_memory(socket, sequence, bytes));
    memory.admit(bytes);
    return Status();
  };
  const Result<Thumbnails> thumbnails = thumbnailer.make(work, {});
  reply.status = thumbnails.ok() ? write_output(packet.descriptors[1].get(), *thumbnails,
                                                most_output_bytes(work.renditions), reply)
                                 : thumbnails.status();
  if (reply.status.code() == Code::unavailable || reply.status.code() == Code::exhausted) {
    // Inside the limits of this process it would be so again.
    reply.status = no_memory(reply.status.to_string());
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
  reserve_stack();
  MemoryLimit memory(kDecoderStatm);
  while (true) {
    Result<Packet> packet = receive_packet(socket);
    if (!packet.ok()) return packet.status().code() == Code::cancelled ? kExitOk : kExitProtocol;
    const DecodeReply reply = answer(socket, *std::move(packet), thumbnailer, memory);
    if (!send_packet(socket, encode_reply(reply), {}).ok()) return kExitOk;  // the parent is gone
  }
}

}  // namespace thumbmill
