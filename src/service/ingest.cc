#include "service/ingest.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/ids.h"
#include "model/idempotency_record.h"
#include "model/object_key.h"
#include "service/job_records.h"
#include "service/original.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxKeyBytes = 255;

Status check_key(std::string_view key) {
  const bool visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > 32 && c < 127; });
  if (!key.empty() && key.size() <= kMaxKeyBytes && visible) return Status();
  return Status(
      Code::invalid_argument,
      fmt::format("Idempotency-Key must be 1 to {} visible ASCII characters", kMaxKeyBytes));
}

// Everything that makes two uploads the same. The name and the trace do not.
Result<std::string> fingerprint(const Upload& upload) {
  ASSIGN_OR_RETURN(const BlobView body, upload.body.view());
  std::string text = fmt::format("{}\n{}\n", to_hex(sha256(body.bytes())), upload.keep_original);
  for (const RenditionSpec& spec : upload.renditions) {
    text += fmt::format("{} {}x{} {} {} {} {} {}\n", spec.name, spec.width_px, spec.height_px,
                        fit_name(spec.fit),
                        spec.format ? image_format_info(*spec.format).name : "-", spec.quality,
                        spec.background ? color_to_string(*spec.background) : "-", spec.enlarge);
  }
  return to_hex(sha256(text));
}

}  // namespace

/// Holds a key for as long as its upload is being accepted.
class Ingest::KeyInFlight {
 public:
  explicit KeyInFlight(Ingest& ingest) : ingest_(ingest) {}
  KeyInFlight(const KeyInFlight&) = delete;
  KeyInFlight& operator=(const KeyInFlight&) = delete;
  ~KeyInFlight() {
    const std::lock_guard lock(ingest_.mutex_);
    if (!digest_.empty()) ingest_.keys_in_flight_.erase(digest_);
  }

  Status take(const std::string& digest) {
    const std::lock_guard lock(ingest_.mutex_);
    if (!ingest_.keys_in_flight_.insert(digest).second) {
      return Status(Code::conflict, "an upload with this Idempotency-Key is being received");
    }
    digest_ = digest;
    return Status();
  }

 private:
  Ingest& ingest_;
  std::string digest_;
};

Ingest::Ingest(ObjectStore& store, JobQueue& queue, Notifier& notifier, Metrics& metrics,
               Logger& log, const Clock& clock, FormatSet formats, UnqueuedUploads* unqueued)
    : store_(store),
      queue_(queue),
      notifier_(notifier),
      metrics_(metrics),
      log_(log),
      clock_(clock),
      formats_(formats),
      unqueued_(unqueued) {}

Result<AcceptedUpload> Ingest::accept(const Upload& upload, const OpContext& context) {
  Result<AcceptedUpload> accepted = try_accept(upload, context);
  const std::string_view outcome = !accepted.ok()    ? code_name(accepted.status().code())
                                   : accepted->known ? "known"
                                                     : "accepted";
  metrics_.add(metric::kUploads, 1, {outcome});
  if (accepted.ok() && !accepted->known) {
    metrics_.add(metric::kUploadBytes, static_cast<double>(upload.body.size()));
  }
  return accepted;
}

Result<AcceptedUpload> Ingest::try_accept(const Upload& upload, const OpContext& context) {
  ASSIGN_OR_RETURN(const ImageFormat format, format_of(upload.body, formats_));
  RETURN_IF_ERROR(validate(upload.renditions));
  const Job job{.renditions = upload.renditions,
                .name = {},
                .format = format,
                .created = clock_.wall_now(),
                .keep_original = upload.keep_original,
                .trace = upload.trace};
  ASSIGN_OR_RETURN(EncodedJob encoded, encode_job_with_name(job, upload.name));
  AcceptedUpload accepted{new_uuid7(clock_), encoded.name, false};
  KeyInFlight key(*this);
  if (upload.idempotency_key) {
    RETURN_IF_ERROR(check_key(*upload.idempotency_key));
    // The key has no line end, so that no two clients can come to the same text.
    const std::string owner = upload.client.empty() ? std::string() : upload.client + '\n';
    const std::string digest = to_hex(sha256(owner + *upload.idempotency_key));
    RETURN_IF_ERROR(key.take(digest));
    ASSIGN_OR_RETURN(const std::string print, fingerprint(upload));
    ASSIGN_OR_RETURN(const ClaimedId claimed, resolve_key(digest, print, context));
    accepted.id = claimed.id;
    accepted.known = claimed.known;
    if (accepted.known) return accepted;
  }
  PutOptions options;
  options.content_type = image_format_info(format).media_type;
  options.metadata = std::move(encoded.metadata);
  RETURN_IF_ERROR(store_.put(upload_key(accepted.id), upload.body, options, context)
                      .with_context("storing the upload"));
  enqueue(accepted.id, upload.caller, context);
  log_.info("upload accepted", {{"job_id", accepted.id},
                                {"request_id", context.request_id},
                                {"format", image_format_info(format).name},
                                {"bytes", static_cast<std::int64_t>(upload.body.size())}});
  return accepted;
}

// The upload is durable, so its client is told so whatever the queue says.
void Ingest::enqueue(const JobId& id, std::string_view caller, const OpContext& context) {
  notifier_.publish({.id = id, .state = JobState::queued, .at = clock_.wall_now()});
  const Status queued = queue_.enqueue(id.text(), caller, context).status();
  if (queued.ok()) return;
  metrics_.add(metric::kUploadsUnqueued, 1);
  if (unqueued_ != nullptr) unqueued_->add(id, caller);
  log_.warning(
      "upload accepted but not queued yet",
      {{"job_id", id}, {"request_id", context.request_id}, {"detail", queued.to_string()}});
}

Result<Ingest::ClaimedId> Ingest::resolve_key(const std::string& digest,
                                              const std::string& fingerprint,
                                              const OpContext& context) {
  const std::string key = idempotency_key(digest);
  const IdempotencyRecord fresh{new_uuid7(clock_), fingerprint, clock_.wall_now()};
  PutOptions options{.content_type = "application/json", .metadata = {}, .if_absent = true};
  const Status claimed = store_.put(key, Blob(encode_idempotency_record(fresh)), options, context);
  if (claimed.ok()) return ClaimedId{fresh.id, false};
  if (claimed.code() != Code::conflict) return claimed.with_context("storing the Idempotency-Key");

  ASSIGN_OR_RETURN(const std::string text, read_record(store_, key, context));
  ASSIGN_OR_RETURN(const IdempotencyRecord record, decode_idempotency_record(text));
  if (record.fingerprint != fingerprint) {
    return Status(Code::invalid_argument,
                  "this Idempotency-Key was used before with another image or other options",
                  std::string(kKeyReused));
  }
  // In the order in which a job moves through them, so that one on its way is not overlooked.
  ASSIGN_OR_RETURN(const bool unfinished, object_exists(store_, upload_key(record.id), context));
  if (unfinished) return ClaimedId{record.id, true};
  ASSIGN_OR_RETURN(const std::optional<JobResult> result, read_result(store_, record.id, context));
  if (result && !is_tombstone(*result)) return ClaimedId{record.id, true};
  ASSIGN_OR_RETURN(const bool dead, object_exists(store_, dead_key(record.id), context));
  if (dead) return ClaimedId{record.id, true};
  if (!result) return ClaimedId{record.id, false};  // never got as far as the upload
  // Deleted before it had ended: that id is used up.
  options.if_absent = false;
  RETURN_IF_ERROR(store_.put(key, Blob(encode_idempotency_record(fresh)), options, context));
  return ClaimedId{fresh.id, false};
}

}  // namespace thumbmill
