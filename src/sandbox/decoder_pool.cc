#include "sandbox/decoder_pool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "sandbox/packet.h"
#include "sandbox/reply_check.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

Result<UniqueFd> make_output() {
  UniqueFd output(::memfd_create("renditions", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!output.valid() || ::ftruncate(output.get(), static_cast<off_t>(kOutputBytes)) != 0 ||
      ::fcntl(output.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return status_from_errno(errno, "making a decoder's output");
  }
  return output;
}

// The source as a descriptor through which nobody can write. A file that is open for writing, as a
// temporary one is, is copied, as are bytes in memory.
Result<Blob> unchangeable(const Blob& source) {
  if (source.fd() >= 0) {
    const int mode = ::fcntl(source.fd(), F_GETFL);
    const int seals = ::fcntl(source.fd(), F_GET_SEALS);
    const bool read_only = mode >= 0 && (mode & O_ACCMODE) == O_RDONLY;
    if (read_only || (seals >= 0 && (seals & F_SEAL_WRITE) != 0)) return source;
  }
  return source.to_memfd("source");
}

// Why a process that should be waiting for a request is not to be sent one; empty when it may be.
std::string_view fault_of_idle(int socket) {
  pollfd watched{socket, POLLIN, 0};
  if (::poll(&watched, 1, 0) <= 0) return {};
  return (watched.revents & POLLHUP) != 0 ? "crashed" : "protocol";
}

}  // namespace

Result<std::unique_ptr<DecoderPool>> DecoderPool::start(const DecoderPoolOptions& options,
                                                        Metrics& metrics, Logger& log,
                                                        Clock& clock) {
  THUMBMILL_CHECK(options.processes > 0 && !options.command.empty());
  std::unique_ptr<DecoderPool> pool(new DecoderPool(options, metrics, log, clock));
  for (Place& place : pool->places_) {
    ASSIGN_OR_RETURN(place.process, ChildProcess::start(options.command));
  }
  return pool;
}

DecoderPool::~DecoderPool() {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [&] {
    return std::none_of(places_.begin(), places_.end(), [](const Place& p) { return p.busy; });
  });
}

Result<DecoderPool::Place*> DecoderPool::take_place(const OpContext& context) {
  const std::stop_callback wake_on_stop(context.stop, [this] {
    const std::lock_guard lock(mutex_);
    free_.notify_all();
  });
  std::unique_lock lock(mutex_);
  Place* found = nullptr;
  clock_.wait_until(lock, free_, context.deadline, [&] {
    for (Place& place : places_) {
      if (!place.busy) found = &place;
    }
    return found != nullptr || context.stop.stop_requested();
  });
  if (found == nullptr) {
    if (context.stop.stop_requested()) return Status(Code::cancelled, "stopped");
    return Status(Code::deadline_exceeded, "no decoder became free in time");
  }
  found->busy = true;
  return found;
}

void DecoderPool::return_place(Place& place) {
  const std::uint64_t resident = place.process == nullptr ? 0 : place.process->resident_bytes();
  const std::lock_guard lock(mutex_);
  place.resident_bytes = resident;
  place.busy = false;
  free_.notify_one();
}

void DecoderPool::replace(Place& place, std::string_view reason) {
  metrics_.add(metric::kDecoderRestarts, 1, {reason});
  place.images = 0;
  Result<std::unique_ptr<ChildProcess>> process = ChildProcess::start(options_.command);
  if (process.ok()) {
    place.process = *std::move(process);
  } else {
    // The next image tries again, and reports it if it fails again.
    place.process.reset();
    log_.error("a decoder process cannot be started", {{"detail", process.status().to_string()}});
  }
}

Result<Thumbnails> DecoderPool::make(const ThumbnailRequest& request, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  RETURN_IF_ERROR(validate(request.renditions));
  ASSIGN_OR_RETURN(Place * place, take_place(context));
  Result<Thumbnails> result = run(*place, request, context);
  if (place->images >= options_.images_per_process) replace(*place, "recycled");
  return_place(*place);
  metrics_.set(metric::kDecoderRss, static_cast<double>(resident_bytes()));
  return result;
}

Result<Thumbnails> DecoderPool::run(Place& place, const ThumbnailRequest& request,
                                    const OpContext& context) {
  ASSIGN_OR_RETURN(const Blob source, unchangeable(request.source));
  Result<Thumbnails> result = try_run(place, source, request, context);
  if (result.status().code() == Code::conflict) {
    result = try_run(place, source, request, context);
  }
  if (result.status().code() != Code::conflict) return result;
  return Status(Code::unavailable, "no decoder process can be used", result.status().to_string());
}

Result<Thumbnails> DecoderPool::try_run(Place& place, const Blob& source,
                                        const ThumbnailRequest& request, const OpContext& context) {
  if (place.process == nullptr) {
    ASSIGN_OR_RETURN(place.process, ChildProcess::start(options_.command));
  }
  ASSIGN_OR_RETURN(const UniqueFd output, make_output());
  const std::uint64_t sequence = ++place.images;
  const DecodeRequest message{.sequence = sequence,
                              .source_offset = source.file_offset(),
                              .source_bytes = source.size(),
                              .format = request.format,
                              .limits = request.limits,
                              .renditions = request.renditions};
  if (const std::string_view fault = fault_of_idle(place.process->socket()); !fault.empty()) {
    replace(place, fault);
    return Status(Code::conflict, "the decoder process was gone, or spoke unasked");
  }
  const Status sent =
      send_packet(place.process->socket(), encode_request(message), {source.fd(), output.get()});
  if (!sent.ok()) {
    replace(place, "crashed");
    return Status(Code::conflict, "the decoder process was gone", sent.to_string());
  }
  RETURN_IF_ERROR(await_reply(place, request, context));
  Result<Packet> packet = receive_packet(place.process->socket());
  if (packet.status().code() == Code::cancelled) return bury_crashed(place, request, context);
  Result<Thumbnails> thumbnails = packet.ok() && packet->descriptors.empty()
                                      ? read_reply(packet->bytes, sequence, output.get(), request)
                                      : Status(Code::decoder_crashed, "a packet that is no reply");
  if (thumbnails.status().code() == Code::conflict) {
    replace(place, "protocol");
    return thumbnails;
  }
  if (thumbnails.status().code() == Code::decoder_crashed) {
    metrics_.add(metric::kDecoderCrashes, 1);
    log_.error("a decoder process gave an answer that cannot be",
               {{"job_id", context.job_id}, {"detail", thumbnails.status().to_string()}});
    replace(place, "protocol");
    return Status(Code::decoder_crashed, "the decoder failed on this image",
                  thumbnails.status().to_string());
  }
  return thumbnails;
}

Status DecoderPool::await_reply(Place& place, const ThumbnailRequest& request,
                                const OpContext& context) {
  const UniqueFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped.valid()) return status_from_errno(errno, "waiting for a decoder");
  const std::stop_callback wake_on_stop(context.stop,
                                        [&stopped] { ::eventfd_write(stopped.get(), 1); });
  const SteadyTime deadline = std::min(context.deadline, clock_.now() + request.limits.wall_time);
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.now()).count();
    std::array<pollfd, 2> watched{pollfd{place.process->socket(), POLLIN, 0},
                                  pollfd{stopped.get(), POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(),
                             static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0 && watched[0].revents != 0) return Status();
    const bool is_stopped = context.stop.stop_requested();
    if (!is_stopped && clock_.now() < deadline) continue;
    replace(place, is_stopped ? "cancelled" : "timed_out");
    if (is_stopped) return Status(Code::cancelled, "decoding was stopped");
    log_.warning("a decoder process took too long and was killed", {{"job_id", context.job_id}});
    if (deadline == context.deadline) {
      return Status(Code::deadline_exceeded, "the image was not decoded in the time left");
    }
    return Status(Code::deadline_exceeded,
                  fmt::format("decoding took over decoder-wall-time ({} ms)",
                              request.limits.wall_time.count()));
  }
}

Status DecoderPool::bury_crashed(Place& place, const ThumbnailRequest& request,
                                 const OpContext& context) {
  const ProcessEnd end = place.process->end();
  const std::string how = end.signal != 0
                              ? fmt::format("signal {} ({})", end.signal, ::strsignal(end.signal))
                              : fmt::format("exit code {}", end.exit_code);
  const bool out_of_time = end.signal == SIGXCPU;
  log_.warning("a decoder process died on an image",
               {{"job_id", context.job_id}, {"how", how}, {"stderr", end.last_words}});
  replace(place, out_of_time ? "timed_out" : "crashed");
  if (out_of_time) {
    return Status(Code::deadline_exceeded,
                  fmt::format("decoding took over decoder-cpu-time ({} ms)",
                              request.limits.cpu_time.count()));
  }
  metrics_.add(metric::kDecoderCrashes, 1);
  return Status(Code::decoder_crashed, "the decoder failed on this image", how);
}

std::uint64_t DecoderPool::resident_bytes() {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const Place& place : places_) total += place.resident_bytes;
  return total;
}

}  // namespace thumbmill
