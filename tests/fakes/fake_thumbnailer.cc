#include "fakes/fake_thumbnailer.h"

#include "base/hash.h"

namespace thumbmill {

Result<Thumbnails> FakeThumbnailer::make(const ThumbnailRequest& request,
                                         const OpContext& context) {
  std::function<Status(const ThumbnailRequest&, const OpContext&)> hook;
  {
    const std::lock_guard lock(mutex_);
    ++calls_;
    if (!failures_.empty()) {
      const Status failure = failures_.front();
      failures_.pop_front();
      if (!failure.ok()) return failure;
    }
    hook = hook_;
  }
  if (hook) RETURN_IF_ERROR(hook(request, context));
  ASSIGN_OR_RETURN(const std::string source, request.source.to_string());
  const SizePx size{640, 480};
  Thumbnails thumbnails{.source_size = size, .renditions = {}};
  for (const RenditionSpec& spec : request.renditions) {
    MadeRendition made;
    made.facts.name = spec.name;
    made.facts.format = spec.format.value_or(ImageFormat::jpeg);
    made.facts.size = plan_fit(size, spec).canvas;
    made.bytes = Blob(spec.name + " of " + to_hex(sha256(source)));
    made.facts.size_bytes = made.bytes.size();
    thumbnails.renditions.push_back(std::move(made));
  }
  return thumbnails;
}

void FakeThumbnailer::fail_next(std::deque<Status> failures) {
  const std::lock_guard lock(mutex_);
  failures_ = std::move(failures);
}

void FakeThumbnailer::set_hook(
    std::function<Status(const ThumbnailRequest&, const OpContext&)> hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::size_t FakeThumbnailer::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

}  // namespace thumbmill
