#include "service/canary.h"

#include <array>
#include <string>
#include <string_view>

namespace thumbmill {
namespace {

using namespace std::string_view_literals;

struct Picture {
  ImageFormat format;
  std::string_view bytes;
};

// Four pixels each, for the two decoder programs: a PNG (ISO 15948) for the one that images share,
// a grey TIFF (TIFF 6.0) for the other one. They go the way of any upload.
constexpr std::array<Picture, 2> kPictures{{
    {ImageFormat::png,
     "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02"
     "\x00\x00\x00\x02\x08\x02\x00\x00\x00\xfd\xd4\x9a\x73\x00\x00\x00\x12\x49\x44\x41"
     "\x54\x78\xda\x63\xf8\xcf\xc0\xc0\x00\xc2\x0c\xff\x81\x00\x00\x1f\xee\x05\xfb\xf1"
     "\xab\xba\x77\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82"sv},
    {ImageFormat::tiff,
     "\x49\x49\x2a\x00\x0c\x00\x00\x00\x00\x55\xaa\xff\x09\x00\x00\x01\x03\x00\x01\x00"
     "\x00\x00\x02\x00\x00\x00\x01\x01\x03\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02\x01"
     "\x03\x00\x01\x00\x00\x00\x08\x00\x00\x00\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00"
     "\x00\x00\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00\x11\x01\x04\x00\x01\x00"
     "\x00\x00\x08\x00\x00\x00\x15\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00\x16\x01"
     "\x03\x00\x01\x00\x00\x00\x02\x00\x00\x00\x17\x01\x04\x00\x01\x00\x00\x00\x04\x00"
     "\x00\x00\x00\x00\x00\x00"sv},
}};

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
  OpContext context;
  context.stop = stop_.get_token();
  // It takes its turn behind the images that wait for a decoder, which may be slow ones.
  context.deadline = clock_.now() + kPatience;
  Status status;
  for (const Picture& picture : kPictures) {
    if (!status.ok()) break;
    ThumbnailRequest request;
    request.source = Blob(std::string(picture.bytes));
    request.format = picture.format;
    request.renditions = {RenditionSpec()};
    status = check(thumbnailer_.make(request, context));
    if (!status.ok()) status = status.with_context(image_format_info(picture.format).name);
  }
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
