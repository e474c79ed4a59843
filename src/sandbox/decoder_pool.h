// DecoderPool: a Thumbnailer that has the work done by decoder processes, so that an image that
// crashes, hangs or takes over its decoder costs itself only. Nothing of the image is parsed on
// this side, and what comes back is checked.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "image/thumbnailer.h"
#include "metrics/metrics.h"
#include "sandbox/child_process.h"

namespace thumbmill {

struct DecoderPoolOptions {
  std::vector<std::string> command;         ///< what starts a decoder: a path and its arguments
  std::size_t processes = 2;                ///< images worked on at once
  std::uint64_t images_per_process = 1000;  ///< after which a process is replaced
};

/// Thread-safe. Calls beyond the number of processes wait for one.
class DecoderPool final : public Thumbnailer {
 public:
  /// Starts one process of each place, so that a command that cannot be started is found at once.
  static Result<std::unique_ptr<DecoderPool>> start(const DecoderPoolOptions& options,
                                                    Metrics& metrics, Logger& log, Clock& clock);
  ~DecoderPool() override;

  /// As the contract says. A stop request kills the process and gives cancelled. decoder_crashed
  /// and deadline_exceeded name the signal or the limit.
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

  /// Resident memory of all processes together, each as it was after its latest image.
  std::uint64_t resident_bytes();

 private:
  struct Place {
    std::unique_ptr<ChildProcess> process;
    std::uint64_t images = 0;
    std::uint64_t resident_bytes = 0;  // when it was last idle
    bool busy = false;
  };

  DecoderPool(const DecoderPoolOptions& options, Metrics& metrics, Logger& log, Clock& clock)
      : options_(options),
        metrics_(metrics),
        log_(log),
        clock_(clock),
        places_(options.processes) {}

  Result<Place*> take_place(const OpContext& context);
  void return_place(Place& place);
  /// Ends a place's process and starts another, counted under `reason`.
  void replace(Place& place, std::string_view reason);
  Result<Thumbnails> run(Place& place, const ThumbnailRequest& request, const OpContext& context);
  /// One try at run(). conflict when the process was not to be used, through no fault of this
  /// image's; it was replaced then.
  Result<Thumbnails> try_run(Place& place, const Blob& source, const ThumbnailRequest& request,
                             const OpContext& context);
  /// Waits for the reply; kills the process at the wall limit and on a stop request.
  Status await_reply(Place& place, const ThumbnailRequest& request, const OpContext& context);
  Status bury_crashed(Place& place, const ThumbnailRequest& request, const OpContext& context);

  const DecoderPoolOptions options_;
  Metrics& metrics_;
  Logger& log_;
  Clock& clock_;

  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<Place>
      places_;  // busy and resident_bytes: guarded by mutex_; the rest of a busy one: its taker's
};

}  // namespace thumbmill
