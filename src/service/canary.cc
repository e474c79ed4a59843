#include "service/canary.h"

#include <string_view>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr std::uint32_t kSidePx = 8;

// A grey gradient of 8 x 8 pixels: a PNG that needs its zlib, filters and checksums to be right.
constexpr std::string_view kPng(
    "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x08\x00\x00\x00"
    "\x08"
    "\x08\x00\x00\x00\x00\xe1\x64\xe1\x57\x00\x00\x00\x30\x49\x44\x41\x54\x78\xda\x63\x60\x10\x50"
    "\x30"
    "\x70\x08\x48\x28\x60\xe0\x90\xd0\xb0\xf0\x88\xc8\xa8\x80\x09\x34\x30\x40\x05\x3a\x18\xa0\x02"
    "\x13"
    "\x18\xa0\x02\x33\x18\xa0\x02\x0b\x18\xa0\x02\x2b\x00\x80\xe6\x15\x01\x08\x90\x4d\xcd\x00\x00"
    "\x00"
    "\x00\x49\x45\x4e\x44\xae\x42\x60\x82",
    105);

ThumbnailRequest canary_request() {
  RenditionSpec spec;
  spec.name = "canary";
  spec.width_px = kSidePx / 2;
  spec.height_px = kSidePx / 2;
  return {.source = Blob(std::string(kPng)),
          .format = ImageFormat::png,
          .renditions = {spec},
          .limits = {}};
}

}  // namespace

Canary::Canary(const CanaryOptions& options, Thumbnailer& thumbnailer, Logger& log, Clock& clock)
    : options_(options),
      thumbnailer_(thumbnailer),
      log_(log),
      clock_(clock),
      last_success_(clock.now()) {}

Canary::~Canary() { stop(); }

Status Canary::make(const std::stop_token& stop) {
  OpContext context;
  context.deadline = clock_.now() + options_.timeout;
  context.stop = stop;
  context.job_id = "canary";
  Thumbnails made;
  ASSIGN_OR_RETURN(made, thumbnailer_.make(canary_request(), context));
  if (made.source_size != SizePx{kSidePx, kSidePx} || made.renditions.size() != 1 ||
      made.renditions.front().bytes.size() == 0) {
    return Status(Code::internal, "the decoder made something else of the canary image");
  }
  return Status();
}

Status Canary::probe() {
  const Status status = make(thread_.get_stop_token());
  // Being stopped says nothing of the decoder.
  if (status.code() == Code::cancelled) return status;
  const std::lock_guard lock(mutex_);
  last_failure_ = status;
  if (status.ok()) last_success_ = clock_.now();
  return status;
}

void Canary::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Canary::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Canary::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (const Status status = probe(); !status.ok() && status.code() != Code::cancelled) {
      log_.warning("the canary image could not be decoded", {{"detail", status.to_string()}});
    }
    std::unique_lock lock(mutex_);
    const auto stopped = [this] { return stopping_; };
    if (clock_.wait_until(lock, changed_, clock_.now() + options_.interval, stopped)) return;
  }
}

Status Canary::health() const {
  const std::lock_guard lock(mutex_);
  const auto age = clock_.now() - last_success_;
  if (age <= options_.patience) return Status();
  return Status(Code::unavailable,
                fmt::format("no image has been decoded for {} s",
                            std::chrono::duration_cast<std::chrono::seconds>(age).count()),
                last_failure_.to_string());
}

}  // namespace thumbmill
