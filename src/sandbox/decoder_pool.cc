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

#include "model/rendition_pixels.h"
#include "sandbox/packet.h"
#include "sandbox/process_kind.h"
#include "sandbox/reply_check.h"
#include "sandbox/seccomp_filter.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

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

// Between images a process only waits, but for the end of its latest one's work.
constexpr std::chrono::milliseconds kMostIdleCpuTime(500);

// Why a process that should be waiting for a request is not to be sent one; empty when it may be.
std::string_view fault_of_idle(ChildProcess& process, std::chrono::nanoseconds cpu_time_then) {
  pollfd watched{process.socket(), POLLIN, 0};
  if (::poll(&watched, 1, 0) > 0) return (watched.revents & POLLHUP) != 0 ? "crashed" : "protocol";
  return process.cpu_time() > cpu_time_then + kMostIdleCpuTime ? "protocol" : "";
}

// A shared process is replaced when it has used more than so many images' processor time: the next
// one would find too little of it left. One more is what the kernel gives it.
constexpr int kImagesOfCpuTime = 2;

// Whole seconds are what RLIMIT_CPU counts in: decoder_main.cc may give an image two more.
constexpr std::chrono::seconds kCpuGrace(3);

// What a process has freed it may keep for itself, where no budget sees it: after an image that
// took this much it is replaced, which costs little beside such an image.
constexpr std::uint64_t kLargeImageBytes = 128ull << 20;

std::size_t output_bytes(const Thumbnails& thumbnails) {
  std::size_t total = 0;
  for (const MadeRendition& made : thumbnails.renditions) total += made.facts.size_bytes;
  return total;
}

// The request's limits with the time that writing its renditions may take on top.
ThumbnailRequest with_writing_allowance(const ThumbnailRequest& request) {
  ThumbnailRequest extended = request;
  const auto allowance = writing_allowance(request.renditions, request.limits.max_rendition_pixels);
  extended.limits.cpu_time += allowance;
  extended.limits.wall_time += allowance;
  return extended;
}

}  // namespace

Result<std::unique_ptr<DecoderPool>> DecoderPool::start(const DecoderPoolOptions& options,
                                                        Metrics& metrics, Logger& log,
                                                        Clock& clock) {
  THUMBMILL_CHECK(options.processes > 0 && !options.command.empty() &&
                  !options.single_command.empty());
  std::unique_ptr<DecoderPool> pool(new DecoderPool(options, metrics, log, clock));
  ASSIGN_OR_RETURN(pool->pooled_zygote_,
                   ZygoteKeeper::start(options.command, options.confined, log));
  ASSIGN_OR_RETURN(pool->single_zygote_,
                   ZygoteKeeper::start(options.single_command, options.confined, log));
  RETURN_IF_ERROR(pool->check_protection());
  for (Place& place : pool->places_) RETURN_IF_ERROR(pool->provide(place, place.pooled));
  return pool;
}

DecoderPool::~DecoderPool() {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [&] {
    return std::none_of(places_.begin(), places_.end(), [](const Place& p) { return p.busy; });
  });
}

Status DecoderPool::check_protection() {
  if (!options_.confined) {
    log_.error(
        "DECODERS ARE NOT CONFINED (sandbox=off): an image that takes its decoder over has all "
        "rights of this user");
    return Status();
  }
  RETURN_IF_ERROR(pooled_zygote_->test(order_for(true)).status());
  ASSIGN_OR_RETURN(protection_, single_zygote_->test(order_for(true)));
  if (kSanitizerBuild) log_.warning("a build with a sanitizer confines decoders only in part");
  log_.info("decoders are confined", {{"landlock_abi", protection_.landlock_abi},
                                      {"process", protection_.seen_from_outside}});
  if (protection_.landlock_abi == 0 && !kSanitizerBuild) {
    log_.warning("this kernel has no Landlock: decoders are confined by seccomp alone");
  }
  return Status();
}

ForkOrder DecoderPool::order_for(bool single) const {
  const auto a_image =
      std::chrono::ceil<std::chrono::seconds>(options_.limits.cpu_time).count() + 1;
  const auto longest = longest_writing_allowance(options_.limits.max_rendition_pixels);
  const auto writing = (single ? longest : kLongestSharedWriting).count();
  const std::uint64_t images =
      single ? 1 : std::min<std::uint64_t>(options_.images_per_process, kImagesOfCpuTime + 1);
  ForkOrder order;
  order.confined = options_.confined ? 1 : 0;
  order.memory_bytes = options_.limits.max_memory_bytes;
  order.cpu_seconds =
      static_cast<std::uint64_t>(a_image) * images + static_cast<std::uint64_t>(writing) + 2;
  return order;
}

Result<DecoderPool::Place*> DecoderPool::take_place(const OpContext& context) {
  const std::stop_callback wake_on_stop(context.stop, [this] {
    const std::lock_guard lock(mutex_);
    free_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  waiting_.push_back(ticket);
  auto found = places_.end();
  clock_.wait_until(lock, free_, context.deadline, [&] {
    if (waiting_.front() == ticket) found = std::ranges::find(places_, false, &Place::busy);
    return found != places_.end() || context.stop.stop_requested();
  });
  waiting_.erase(std::ranges::find(waiting_, ticket));
  // There may be a place for the one that is first now.
  free_.notify_all();
  if (found == places_.end()) {
    if (context.stop.stop_requested()) return Status(Code::cancelled, "stopped");
    return Status(Code::deadline_exceeded, "no decoder became free in time");
  }
  found->busy = true;
  return &*found;
}

void DecoderPool::return_place(Place& place) {
  const std::uint64_t resident =
      place.pooled.process == nullptr ? 0 : place.pooled.process->resident_bytes();
  const std::lock_guard lock(mutex_);
  place.resident_bytes = resident;
  place.busy = false;
  free_.notify_all();
}

void DecoderPool::replace(Place& place, Decoder& decoder, std::string_view reason) {
  metrics_.add(metric::kDecoderRestarts, 1, {reason});
  // Its memory is free when it has died, which takes a while after much memory.
  if (decoder.process != nullptr && decoder.share.taken()) (void)decoder.process->end();
  decoder = Decoder();
  // The next image tries again, and reports it if it fails again.
  if (const Status provided = provide(place, decoder); !provided.ok()) {
    log_.error("a decoder process cannot be started", {{"detail", provided.to_string()}});
  }
}

Status DecoderPool::provide(Place& place, Decoder& decoder) {
  if (&decoder == &place.pooled) {
    ASSIGN_OR_RETURN(decoder.process, pooled_zygote_->fork(order_for(false)));
  } else if (place.spare != nullptr) {
    decoder.process = std::move(place.spare);
  } else {
    ASSIGN_OR_RETURN(decoder.process, single_zygote_->fork(order_for(true)));
  }
  return Status();
}

Result<Thumbnails> DecoderPool::make(const ThumbnailRequest& asked, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  RETURN_IF_ERROR(validate(asked.renditions));
  const ThumbnailRequest request = with_writing_allowance(asked);
  ASSIGN_OR_RETURN(const Blob source, unchangeable(request.source));
  ASSIGN_OR_RETURN(Place * place, take_place(context));
  Wait wait{clock_.now() + request.limits.wall_time, most_output_bytes(request.renditions), request,
            context};
  const bool single = options_.always_single || !may_share_process(request);
  Result<Thumbnails> result = run(*place, single ? place->single : place->pooled, source, wait);
  return_place(*place);
  metrics_.set(metric::kDecoderRss, static_cast<double>(resident_bytes()));
  return result;
}

Result<Thumbnails> DecoderPool::run(Place& place, Decoder& decoder, const Blob& source,
                                    Wait& wait) {
  Result<Thumbnails> result = try_run(place, decoder, source, wait);
  if (result.status().code() == Code::conflict) result = try_run(place, decoder, source, wait);
  if (decoder.images > 0) {
    if (&decoder == &place.single) {
      replace(place, decoder, "single_use");
    } else if (!result.ok()) {
      replace(place, decoder, "failed");
    } else if (decoder.images >= options_.images_per_process ||
               decoder.cpu_time > kImagesOfCpuTime * options_.limits.cpu_time) {
      replace(place, decoder, "recycled");
    }
  }
  decoder.share.give_back();
  if (result.status().code() != Code::conflict) return result;
  return Status(Code::unavailable, "no decoder process can be used", result.status().to_string());
}

void DecoderPool::fork_spare(Place& place) {
  if (place.spare != nullptr) return;
  // Without one the next image has its process forked when it comes, and tells of a failure.
  auto spare = single_zygote_->fork(order_for(true));
  if (spare.ok()) place.spare = *std::move(spare);
}

Result<Thumbnails> DecoderPool::try_run(Place& place, Decoder& decoder, const Blob& source,
                                        Wait& wait) {
  if (decoder.process == nullptr) RETURN_IF_ERROR(provide(place, decoder));
  if (decoder.images > 0) {
    const std::string_view fault = fault_of_idle(*decoder.process, decoder.cpu_time);
    if (!fault.empty()) {
      replace(place, decoder, fault);
      return Status(Code::conflict, "the decoder process was gone, or did something unasked");
    }
  }
  // Any decoder may have as much unasked; an output that may become larger is counted.
  if (wait.output_bytes > kUnaskedBytes) RETURN_IF_ERROR(admit(0, decoder, wait));
  if (!decoder.output.fits(wait.output_bytes)) {
    ASSIGN_OR_RETURN(decoder.output, OutputFile::create(wait.output_bytes));
  }
  const ThumbnailRequest& request = wait.request;
  const std::uint64_t sequence = ++decoder.images;
  const DecodeRequest message{.sequence = sequence,
                              .source_offset = source.file_offset(),
                              .source_bytes = source.size(),
                              .format = request.format,
                              .limits = request.limits,
                              .renditions = request.renditions};
  const Status sent = send_packet(decoder.process->socket(), encode_request(message),
                                  {source.fd(), decoder.output.fd()});
  if (!sent.ok()) {
    replace(place, decoder, "crashed");
    return Status(Code::conflict, "the decoder process was gone", sent.to_string());
  }
  Result<Packet> packet = converse(place, decoder, wait);
  if (!packet.ok()) return packet.status();
  const Status in_time = account_cpu_time(decoder, request);
  if (!in_time.ok()) return refuse_answer(place, decoder, wait.context, in_time.to_string());
  if (decoder.share.bytes() >= kLargeImageBytes) decoder.images = options_.images_per_process;
  Result<Thumbnails> thumbnails =
      packet->descriptors.empty()
          ? read_reply(packet->bytes, sequence, decoder.output.fd(), request)
          : Status(Code::decoder_crashed, "a reply with descriptors");
  if (thumbnails.ok()) decoder.output.clear(output_bytes(*thumbnails));
  if (thumbnails.status().code() == Code::conflict) replace(place, decoder, "protocol");
  if (thumbnails.status().code() == Code::decoder_crashed) {
    return refuse_answer(place, decoder, wait.context, thumbnails.status().to_string());
  }
  return thumbnails;
}

Result<Packet> DecoderPool::converse(Place& place, Decoder& decoder, Wait& wait) {
  const std::uint64_t sequence = decoder.images;
  for (int asked_times = 0;; ++asked_times) {
    RETURN_IF_ERROR(await_packet(place, decoder, wait));
    Result<Packet> packet = receive_packet(decoder.process->socket());
    if (packet.status().code() == Code::cancelled) return bury_crashed(place, decoder, wait);
    if (!packet.ok()) {
      return refuse_answer(place, decoder, wait.context, packet.status().to_string());
    }
    const Result<MemoryNeed> need = decode_need(packet->bytes);
    if (!need.ok()) return packet;
    if (need->sequence != sequence || asked_times == kMostAdmissions ||
        !packet->descriptors.empty()) {
      return refuse_answer(place, decoder, wait.context, "a need of memory out of turn");
    }
    RETURN_IF_ERROR(admit(need->bytes, decoder, wait));
    // A decoder that is gone by now is seen by the next wait.
    (void)send_packet(decoder.process->socket(), encode_go(sequence), {});
    // From now on it does not wait for this thread, which the fork would keep from answering it.
    if (&decoder == &place.single) fork_spare(place);
  }
}

Status DecoderPool::admit(std::uint64_t bytes, Decoder& decoder, Wait& wait) {
  // What a decoder says that it needs has room for its renditions, but it may lie.
  const std::uint64_t output =
      wait.output_bytes > kUnaskedBytes ? std::min(wait.output_bytes, budget_.total_bytes()) : 0;
  // The image is not to blame for the time that others make it wait.
  const SteadyTime asked = clock_.now();
  // Instead of what it had before. Who kept that while waiting for more could wait for ever.
  decoder.share.give_back();
  ASSIGN_OR_RETURN(decoder.share, budget_.take(std::max(bytes, output), wait.context));
  wait.wall_limit += clock_.now() - asked;
  metrics_.set(metric::kDecoderAdmitted, static_cast<double>(budget_.taken_bytes()));
  return Status();
}

Status DecoderPool::account_cpu_time(Decoder& decoder, const ThumbnailRequest& request) {
  const std::chrono::nanoseconds before = decoder.cpu_time;
  decoder.cpu_time = decoder.process->cpu_time();
  if (decoder.cpu_time - before <= request.limits.cpu_time + kCpuGrace) return Status();
  return Status(Code::decoder_crashed, "more processor time than decoder-cpu-time gives an image");
}

Status DecoderPool::await_packet(Place& place, Decoder& decoder, const Wait& wait) {
  const UniqueFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped.valid()) return status_from_errno(errno, "waiting for a decoder");
  const OpContext& context = wait.context;
  const std::stop_callback wake_on_stop(context.stop,
                                        [&stopped] { ::eventfd_write(stopped.get(), 1); });
  const SteadyTime deadline = std::min(context.deadline, wait.wall_limit);
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.now()).count();
    std::array<pollfd, 2> watched{pollfd{decoder.process->socket(), POLLIN, 0},
                                  pollfd{stopped.get(), POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(),
                             static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0 && watched[0].revents != 0) return Status();
    const bool is_stopped = context.stop.stop_requested();
    if (!is_stopped && clock_.now() < deadline) continue;
    const std::chrono::nanoseconds worked = decoder.process->cpu_time() - decoder.cpu_time;
    replace(place, decoder, is_stopped ? "cancelled" : "timed_out");
    if (is_stopped) return Status(Code::cancelled, "decoding was stopped");
    log_.warning("a decoder process took too long and was killed", {{"job_id", context.job_id}});
    if (deadline == context.deadline) {
      return Status(Code::deadline_exceeded, "the image was not decoded in the time left");
    }
    // Who had a processor for most of the time would need as much again.
    const std::chrono::milliseconds given = wait.request.limits.wall_time;
    return Status(worked > given / 2 ? Code::too_large : Code::deadline_exceeded,
                  fmt::format("decoding took over decoder-wall-time ({} ms)", given.count()));
  }
}

Status DecoderPool::bury_crashed(Place& place, Decoder& decoder, const Wait& wait) {
  const ProcessEnd end = decoder.process->end();
  if (!end.lost.ok()) {
    // Its zygote has gone, and it and the spare with it; or there has never been a process.
    place.spare.reset();
    replace(place, decoder, "crashed");
    return Status(Code::conflict, "the decoder process is gone", end.lost.to_string());
  }
  std::string how = end.signal != 0
                        ? fmt::format("signal {} ({})", end.signal, ::strsignal(end.signal))
                        : fmt::format("exit code {}", end.exit_code);
  if (end.signal == SIGSYS) how += ": a system call that the sandbox forbids";
  const bool out_of_time = end.signal == SIGXCPU;
  log_.warning("a decoder process died on an image",
               {{"job_id", wait.context.job_id}, {"how", how}, {"stderr", end.last_words}});
  replace(place, decoder, out_of_time ? "timed_out" : "crashed");
  if (out_of_time) {
    // The machine's load has no part in it: it would be so again.
    return Status(Code::too_large, fmt::format("decoding took over decoder-cpu-time ({} ms)",
                                               wait.request.limits.cpu_time.count()));
  }
  metrics_.add(metric::kDecoderCrashes, 1);
  return Status(Code::decoder_crashed, "the decoder failed on this image", how);
}

Status DecoderPool::refuse_answer(Place& place, Decoder& decoder, const OpContext& context,
                                  const std::string& detail) {
  metrics_.add(metric::kDecoderCrashes, 1);
  log_.error("a decoder process gave an answer that cannot be",
             {{"job_id", context.job_id}, {"detail", detail}});
  replace(place, decoder, "protocol");
  return Status(Code::decoder_crashed, "the decoder failed on this image", detail);
}

std::uint64_t DecoderPool::resident_bytes() {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const Place& place : places_) total += place.resident_bytes;
  return total;
}

}  // namespace thumbmill
