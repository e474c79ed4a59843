// TaskSource: jobs that another system's producers publish, about images that are theirs: they say
// where an image lies and where its thumbnails are to go, and want to hear of the end. Adapter:
// queue/celery.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/status.h"
#include "model/job_result.h"
#include "queue/job_source.h"

namespace thumbmill {

/// What a task asks for. Keys are an ObjectStore's.
struct ImageTask {
  std::string source;  ///< key of the image
  std::string target;  ///< of its thumbnails, with {rendition} and {ext} still in it
  bool remove_source = false;
  std::optional<std::chrono::milliseconds> time_limit;  ///< of fetching and decoding its image

  /// The key of one thumbnail; `extension` without a dot.
  std::string target_key(std::string_view rendition, std::string_view extension) const;
};

/// A thumbnail that was stored for a task.
struct MadeThumbnail {
  std::string key;
  RenditionResult facts;
};

/// Thread-safe.
class TaskSource : public JobSource {
 public:
  /// What a lease of this source is about. invalid_argument: its task names no image of the store.
  virtual Result<ImageTask> task(const Lease& lease) = 0;

  /// Tells whoever waits for the task that it is done. Before the lease is settled, perhaps more
  /// than once.
  virtual Status report_done(const Lease& lease, const std::vector<MadeThumbnail>& made,
                             const OpContext& context) = 0;

  /// The same of one that has failed for good.
  virtual Status report_failed(const Lease& lease, const JobFailure& failure,
                               const OpContext& context) = 0;
};

}  // namespace thumbmill
