#include "sandbox/decoder_pool.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
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

Status timed_out(const ThumbnailRequest& request) {
  return Status(Code::deadline_exceeded, fmt::format("decoding took over decoder-wall-time ({} ms)",
                                                     request.limits.wall_time.count()));
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
    lock.unlock();
    RETURN_IF_ERROR(context.check(clock_));
    return Status(Code::deadline_exceeded, "no decoder became free in time");
  }
  found->busy = true;
  return found;
}

void DecoderPool::return_place(Place& place) {
  const std::lock_guard lock(mutex_);
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
  Result<Thumbnails> result = Status(Code::unavailable, "no decoder process");
  if (place->process == nullptr) {
    Result<std::unique_ptr<ChildProcess>> process = ChildProcess::start(options_.command);
    if (process.ok())
      place->process = *std::move(process);
    else
      result = process.status();
  }
  if (place->process != nullptr) {
    result = run(*place, request, context);
    if (++place->images >= options_.images_per_process) replace(*place, "recycled");
  }
  return_place(*place);
  metrics_.set(metric::kDecoderRss, static_cast<double>(resident_bytes()));
  return result;
}

Result<Thumbnails> DecoderPool::run(Place& place, const ThumbnailRequest& request,
                                    const OpContext& context) {
  ASSIGN_OR_RETURN(const UniqueFd output, make_output());
  Blob source = request.source;
  if (source.fd() < 0) {
    ASSIGN_OR_RETURN(source, source.to_memfd("source"));
  }
  const DecodeRequest message{source.file_offset(), source.size(), request.format, request.limits,
                              request.renditions};
  const Status sent =
      send_packet(place.process->socket(), encode_request(message), {source.fd(), output.get()});
  if (!sent.ok()) {
    // It died between two images, by itself or by somebody's hand: not this image's fault.
    replace(place, "crashed");
    return Status(Code::unavailable, "the decoder process was gone", sent.to_string());
  }
  RETURN_IF_ERROR(await_reply(place, request, context));
  Result<Packet> packet = receive_packet(place.process->socket());
  if (packet.status().code() == Code::cancelled) return bury_crashed(place, request, context);
  Result<Thumbnails> thumbnails =
      packet.ok() ? read_reply(packet->bytes, output.get(), request) : packet.status();
  if (!packet.ok() || thumbnails.status().code() == Code::decoder_crashed) {
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
    return timed_out(request);
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
  // Idle places only hold still under the lock; a busy one's process may be replaced meanwhile.
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const Place& place : places_) {
    if (!place.busy && place.process != nullptr) total += place.process->resident_bytes();
  }
  return total;
}

}  // namespace thumbmill
