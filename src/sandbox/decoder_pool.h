// DecoderPool: a Thumbnailer that has the work done by confined decoder processes, so that an image
// that crashes, hangs or takes over its decoder costs itself only. Nothing of the image is parsed
// on this side, and what comes back is checked. docs/sandbox.md.
#pragma once

#include <condition_variable>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "image/thumbnailer.h"
#include "metrics/metrics.h"
#include "sandbox/child_process.h"
#include "sandbox/memory_budget.h"
#include "sandbox/output_file.h"
#include "sandbox/packet.h"
#include "sandbox/protection.h"
#include "sandbox/zygote_keeper.h"

namespace thumbmill {

struct DecoderPoolOptions {
  /// What starts the zygote of the processes that images share: a path and its arguments.
  std::vector<std::string> command;
  /// And that of the processes for one image each.
  std::vector<std::string> single_command;
  std::size_t processes = 2;              ///< images worked on at once
  std::uint64_t images_per_process = 32;  ///< after which a process is replaced, when pooled
  bool always_single = false;             ///< the second program for every image
  bool confined = true;                   ///< false: processes of their own, but with our rights
  /// Memory and CPU time of a process: hard limits, whatever a request's are.
  ImageLimits limits = {};
  /// What the images worked on may take together, by their headers.
  std::uint64_t memory_budget_bytes = std::numeric_limits<std::uint64_t>::max();
  /// Images at once that may wait for memory for long, each in a process: others are exhausted.
  std::size_t most_waiting_for_memory = std::numeric_limits<std::size_t>::max();
};

/// Thread-safe. Calls beyond the number of processes wait for one, in the order of calling.
///
/// Formats that we have decoders of our own for share processes with images before and after them,
/// which saves starting one. Every other format has one to itself, and so has an image of which a
/// rendition is in a format that only the second program writes. A process that an image has failed
/// in is not used again.
class DecoderPool final : public Thumbnailer {
 public:
  /// Starts the zygotes, tests the sandbox of both, and starts one shared process of each place:
  /// what does not work or does not hold is found at once. internal, naming what was not refused;
  /// unavailable.
  static Result<std::unique_ptr<DecoderPool>> start(const DecoderPoolOptions& options,
                                                    Metrics& metrics, Logger& log, Clock& clock);
  ~DecoderPool() override;

  /// As the contract says. A stop request kills the process and gives cancelled. decoder_crashed
  /// names the signal; too_large and deadline_exceeded name the limit. Waiting for memory does not
  /// count as the image's time. The request's own `admit` is not called.
  Result<Thumbnails> make(const ThumbnailRequest& asked, const OpContext& context) override;

  /// Resident memory of the pooled processes together, each as it was after its latest image.
  std::uint64_t resident_bytes();

  /// What the self-test found at the start.
  const Protection& protection() const { return protection_; }

 private:
  struct Decoder {
    std::unique_ptr<ChildProcess> process;
    OutputFile output;                     // what that process writes its renditions into
    std::uint64_t images = 0;              // that it was sent
    std::chrono::nanoseconds cpu_time{0};  // that it had used after the latest of them
    MemoryBudget::Share share;             // of the image it works on; nothing for a small one
  };
  struct Place {
    Decoder pooled;
    Decoder single;                       // for one image
    std::unique_ptr<ChildProcess> spare;  // the next single's, forked while that one works
    std::uint64_t resident_bytes = 0;     // when it was last idle
    bool busy = false;
  };
  /// How long to wait for the decoders of an image, and what for.
  struct Wait {
    SteadyTime wall_limit;       // later by what it waits for memory
    std::uint64_t output_bytes;  // the most that its renditions take
    const ThumbnailRequest& request;
    const OpContext& context;
  };

  DecoderPool(const DecoderPoolOptions& options, Metrics& metrics, Logger& log, Clock& clock)
      : options_(options),
        metrics_(metrics),
        log_(log),
        clock_(clock),
        budget_(options.memory_budget_bytes, options.most_waiting_for_memory, clock),
        places_(options.processes) {}

  Status check_protection();
  ForkOrder order_for(bool single) const;

  Result<Place*> take_place(const OpContext& context);
  void return_place(Place& place);
  /// Ends a place's process and starts another, counted under `reason`. What the image had of the
  /// memory budget is given back once the process has ended.
  void replace(Place& place, Decoder& decoder, std::string_view reason);
  /// Gives a decoder without a process one; a single one the spare, if there is one.
  Status provide(Place& place, Decoder& decoder);
  /// Has that decoder make the image, and replaces its process if it is not to be used again.
  Result<Thumbnails> run(Place& place, Decoder& decoder, const Blob& source, Wait& wait);
  /// One try at run(). conflict when the process was not to be used, through no fault of this
  /// image's; it was replaced then.
  Result<Thumbnails> try_run(Place& place, Decoder& decoder, const Blob& source, Wait& wait);
  /// Forks the process of the image after this one.
  void fork_spare(Place& place);
  /// The reply's packet, after the memory for it was granted if it asks. As try_run().
  Result<Packet> converse(Place& place, Decoder& decoder, Wait& wait);
  /// Waits until the decoder may have so much memory for its image, instead of what it has.
  Status admit(std::uint64_t bytes, Decoder& decoder, Wait& wait);
  /// Waits for a packet; kills the process at the wall limit and on a stop request.
  Status await_packet(Place& place, Decoder& decoder, const Wait& wait);
  /// Whether the process used no more processor time for its image than it may; decoder_crashed.
  Status account_cpu_time(Decoder& decoder, const ThumbnailRequest& request);
  Status bury_crashed(Place& place, Decoder& decoder, const Wait& wait);
  Status refuse_answer(Place& place, Decoder& decoder, const OpContext& context,
                       const std::string& detail);

  const DecoderPoolOptions options_;
  Metrics& metrics_;
  Logger& log_;
  Clock& clock_;
  MemoryBudget budget_;
  Protection protection_;  // constant after start()

  std::unique_ptr<ZygoteKeeper> pooled_zygote_;  // both constant after start()
  std::unique_ptr<ZygoteKeeper> single_zygote_;

  std::mutex mutex_;
  std::condition_variable free_;
  std::uint64_t next_ticket_ = 0;      // guarded by mutex_
  std::deque<std::uint64_t> waiting_;  // tickets of those that wait for a place; guarded by mutex_
  std::vector<Place>
      places_;  // busy and resident_bytes: guarded by mutex_; the rest of a busy one: its taker's
};

}  // namespace thumbmill
