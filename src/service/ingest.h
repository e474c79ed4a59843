// Ingest: accepts an upload. Once accept() has returned ok, the original and its job are durable
// and the job will end in a result, whatever happens to this process or to the queue.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/blob.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "model/format_set.h"
#include "model/job.h"
#include "notify/notifier.h"
#include "queue/job_queue.h"
#include "service/unqueued_uploads.h"
#include "store/object_store.h"

namespace thumbmill {

/// One upload as received.
struct Upload {
  Blob body;         ///< spooled, complete
  std::string name;  ///< the client's file name, any bytes
  std::vector<RenditionSpec> renditions;
  bool keep_original = false;
  std::optional<std::string> idempotency_key;  ///< 1 to 255 visible ASCII characters
  /// Whose idempotency key it is: each client has its own. Empty where clients are not told apart.
  std::string client = {};
  std::string caller = {};  ///< whose turn in the queue it takes (JobQueue::enqueue)
  std::string trace;        ///< W3C traceparent or empty
};

struct AcceptedUpload {
  JobId id;
  std::string name;    ///< the file name as it is kept: UTF-8, cut where it is too long
  bool known = false;  ///< the Idempotency-Key was used before with the same upload
};

/// Thread-safe. Everything passed in outlives it.
class Ingest {
 public:
  /// `unqueued` gets what the queue does not take; without it the sweep alone finds that.
  Ingest(ObjectStore& store, JobQueue& queue, Notifier& notifier, Metrics& metrics, Logger& log,
         const Clock& clock, FormatSet formats = {}, UnqueuedUploads* unqueued = nullptr);

  /// The formats that are taken.
  const FormatSet& formats() const { return formats_; }

  /// Checks the magic bytes, stores the original with its job, queues the job. When only the queue
  /// fails the upload is accepted all the same, counted (kUploadsUnqueued), and queued later.
  /// invalid_argument: empty body, bad renditions or key. unsupported: not an image we decode.
  /// conflict: the same key is being used right now. Otherwise the store's failures. A key used
  /// before with another upload is invalid_argument with detail kKeyReused.
  Result<AcceptedUpload> accept(const Upload& upload, const OpContext& context);

  /// Queues the job of an upload that is stored already, in the turn of `caller`, and tells of it.
  /// Fails for nobody: what the queue does not take now is queued later.
  void enqueue(const JobId& id, std::string_view caller, const OpContext& context);

  /// Marks (in Status::detail) a key that was used with another upload.
  static constexpr std::string_view kKeyReused = "idempotency_key_reused";

 private:
  class KeyInFlight;
  struct ClaimedId {
    JobId id;
    bool known = false;  // it has an upload already
  };

  Result<AcceptedUpload> try_accept(const Upload& upload, const OpContext& context);
  Result<ClaimedId> resolve_key(const std::string& digest, const std::string& fingerprint,
                                const OpContext& context);

  ObjectStore& store_;
  JobQueue& queue_;
  Notifier& notifier_;
  Metrics& metrics_;
  Logger& log_;
  const Clock& clock_;
  const FormatSet formats_;
  UnqueuedUploads* const unqueued_;  // may be null

  std::mutex mutex_;
  std::set<std::string> keys_in_flight_;  // guarded by mutex_
};

}  // namespace thumbmill
