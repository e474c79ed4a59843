// JobResult: the terminal state of a job, stored as results/<shard>/<id>.json. Format:
// docs/formats/job.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/image_format.h"
#include "model/rendition.h"

namespace thumbmill {

/// Facts of a stored rendition.
struct RenditionResult {
  std::string name;
  ImageFormat format = ImageFormat::jpeg;
  SizePx size;
  std::uint64_t size_bytes = 0;
  std::string placeholder;  ///< BlurHash of the picture, shown while the bytes load
  std::string color;        ///< its mean colour, "#rrggbb"

  bool operator==(const RenditionResult&) const = default;
};

/// Why a job failed, in terms a user understands.
struct JobFailure {
  Code code = Code::internal;
  std::string message;  ///< names the limit or the fault; no internal detail

  bool operator==(const JobFailure&) const = default;
};

/// What is kept of a finished job: done with renditions, or failed with a reason.
struct JobResult {
  std::string name;     ///< the client's file name
  WallTime created{};   ///< accepted, to the millisecond
  WallTime finished{};  ///< terminal, to the millisecond
  int attempts = 0;     ///< how often the work was tried
  ImageFormat source_format = ImageFormat::jpeg;
  SizePx source_size;  ///< upright; 0x0 when it could not be told
  std::uint64_t source_bytes = 0;
  bool kept_original = false;               ///< the original is under originals/
  std::vector<RenditionResult> renditions;  ///< empty when failed
  std::optional<JobFailure> failure;        ///< nothing when done

  bool done() const { return !failure.has_value(); }
  bool operator==(const JobResult&) const = default;
};

/// JSON text, one object, no trailing newline.
std::string encode_job_result(const JobResult& result);

/// The inverse. corrupt_input when it is not one of ours; unknown fields are ignored.
Result<JobResult> decode_job_result(std::string_view json);

}  // namespace thumbmill
