// What the service keeps of a job in the store besides the original, and how it is read, written
// and removed: shared by everything in service/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/op_context.h"
#include "base/status.h"
#include "model/job.h"
#include "model/job_result.h"
#include "store/object_store.h"

namespace thumbmill {

/// What ForeignRecords are told of objects that lie where ours do.
inline constexpr std::string_view kNoKeyOfOurs = "no key of ours";

/// How much of a file name is kept, in UTF-16 code units: whatever a file system takes (255 bytes,
/// or 255 such units) and no more.
inline constexpr std::size_t kMaxNameUnits = 255;

/// A job as metadata, and the file name in it.
struct EncodedJob {
  Metadata metadata;
  std::string name;
};

/// Encodes the job with the client's file name (any bytes) in UTF-8. A name over kMaxNameUnits, or
/// that with the renditions takes more than kMaxMetadataBytes, is cut and ends in an ellipsis.
/// invalid_argument as encode_job().
Result<EncodedJob> encode_job_with_name(Job job, std::string_view name);

/// A result or an idempotency record of ours is far smaller.
inline constexpr std::uint64_t kMostRecordBytes = 1 << 20;

/// The text of a record. not_found; corrupt_input: it has more than kMostRecordBytes.
Result<std::string> read_record(ObjectStore& store, const std::string& key,
                                const OpContext& context);

/// The stored terminal state; nothing when the job has none. Tombstones are returned like any
/// other. corrupt_input when it cannot be read, and the store's failures.
Result<std::optional<JobResult>> read_result(ObjectStore& store, const JobId& id,
                                             const OpContext& context);

/// Stores the terminal state unless there is one. conflict: there is one.
Status write_result(ObjectStore& store, const JobId& id, const JobResult& result,
                    const OpContext& context);

/// The terminal state of a job that was deleted before it had ended. It holds the place of the
/// result, so that a worker that is at the job cannot finish it after all; for everybody else the
/// job does not exist.
JobResult make_tombstone(WallTime now);
bool is_tombstone(const JobResult& result);

/// True when there is an object `key`, be it damaged.
Result<bool> object_exists(ObjectStore& store, const std::string& key, const OpContext& context);

/// Removes all renditions of the job.
Status remove_thumbs(ObjectStore& store, const JobId& id, const OpContext& context);

}  // namespace thumbmill
