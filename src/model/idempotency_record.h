// IdempotencyRecord: which job an Idempotency-Key stands for, stored as JSON under
// idempotency/<shard>/<digest of the key>. Format: docs/formats/job.md.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/status.h"

namespace thumbmill {

/// Written before the upload it belongs to, so that a repeated request finds the same id even when
/// the first one died halfway.
struct IdempotencyRecord {
  JobId id;                 ///< of the job
  std::string fingerprint;  ///< SHA-256 over the body's digest and the options, hexadecimal
  WallTime created{};

  bool operator==(const IdempotencyRecord&) const = default;
};

/// JSON text, one object, no trailing newline.
std::string encode_idempotency_record(const IdempotencyRecord& record);

/// The inverse. corrupt_input when it is not one of ours; unknown fields are ignored.
Result<IdempotencyRecord> decode_idempotency_record(std::string_view json);

}  // namespace thumbmill
