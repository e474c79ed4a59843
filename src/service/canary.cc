#include "service/canary.h"

#include <string>

namespace thumbmill {
namespace {

// Four pixels of a plain PPM (http://netpbm.sourceforge.net/doc/ppm.html): an image that needs no
// encoder to be written down, and goes the same way as any upload.
constexpr std::string_view kPicture = "P3 2 2 255\n255 0 0  0 255 0\n0 0 255  255 255 255\n";

constexpr SizePx kSize{2, 2};

// Whether the answer is what any decoder must make of the picture.
Status check(const Result<Thumbnails>& made) {
  if (!made.ok()) return made.status();
  const bool right = made->source_size == kSize && made->renditions.size() == 1 &&
                     made->renditions.front().bytes.size() > 0;
  if (right) return Status();
  return Status(Code::internal, "the decoder made something else of the canary image");
}

}  // namespace

void Canary::start() {
  thread_ = std::thread([this] {
    while (!stop_.stop_requested()) {
      const Status status = probe();
      if (!status.ok() && status.code() != Code::cancelled) {
        log_.error("the canary image could not be decoded", {{"detail", status.to_string()}});
      }
      std::unique_lock lock(mutex_);
      clock_.wait_until(lock, stop_changed_, clock_.now() + kInterval,
                        [this] { return stop_.stop_requested(); });
    }
  });
}

void Canary::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_.request_stop();
  }
  stop_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Canary::probe() {
  ThumbnailRequest request;
  request.source = Blob(std::string(kPicture));
  request.format = ImageFormat::pnm;
  request.renditions = {RenditionSpec()};
  OpContext context;
  context.stop = stop_.get_token();
  context.deadline = clock_.now() + kInterval;
  const Status status = check(thumbnailer_.make(request, context));
  // Being stopped says nothing of the decoder.
  if (status.code() == Code::cancelled) return status;
  const std::lock_guard lock(mutex_);
  if (status.ok()) last_success_ = clock_.now();
  last_failure_ = status;
  return status;
}

Status Canary::health() const {
  const std::lock_guard lock(mutex_);
  const SteadyTime since = last_success_.value_or(begun_);
  if (clock_.now() - since <= kPatience) return Status();
  if (!last_failure_.ok()) return last_failure_.with_context("the canary image");
  return Status(Code::deadline_exceeded, "no canary image has been decoded for too long");
}

}  // namespace thumbmill
