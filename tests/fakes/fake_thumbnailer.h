// A Thumbnailer that makes text instead of pictures, and fails as it is told to.
#pragma once

#include <deque>
#include <functional>
#include <mutex>

#include "image/thumbnailer.h"

namespace thumbmill {

/// Thread-safe. Its renditions are a function of the request, as a real one's are.
class FakeThumbnailer final : public Thumbnailer {
 public:
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

  /// The next calls fail so, one each; then all is well again.
  void fail_next(std::deque<Status> failures);

  /// Runs within every call, in the caller's thread; a failure it returns is the call's.
  void set_hook(std::function<Status(const ThumbnailRequest&, const OpContext&)> hook);

  /// How often make() was called.
  std::size_t calls() const;

 private:
  mutable std::mutex mutex_;
  std::deque<Status> failures_;                                            // guarded by mutex_
  std::function<Status(const ThumbnailRequest&, const OpContext&)> hook_;  // guarded by mutex_
  std::size_t calls_ = 0;                                                  // guarded by mutex_
};

}  // namespace thumbmill
