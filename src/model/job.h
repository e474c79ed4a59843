// Job: what is to be done with one upload. It is stored as metadata of the uploaded original, so
// that the original alone is enough to do the work again. Format: docs/formats/job.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/image_format.h"
#include "model/rendition.h"

namespace thumbmill {

/// One upload's work order. Its id is the key of the original that carries it.
struct Job {
  std::vector<RenditionSpec> renditions;
  std::string name;  ///< the client's file name: shown, never part of a path; UTF-8, may be empty
  /// By the magic bytes, or as the sender of a direct upload says; the worker looks for itself.
  ImageFormat format = ImageFormat::jpeg;
  WallTime created{};          ///< when it was accepted, to the millisecond
  bool keep_original = false;  ///< moved to originals/ when done instead of removed
  std::string trace;           ///< W3C traceparent of the upload's request; may be empty

  bool operator==(const Job&) const = default;
};

/// Object metadata: what an ObjectStore keeps beside the bytes.
using Metadata = std::map<std::string, std::string, std::less<>>;

/// Names and values together may take this much (the limit of S3's user metadata).
inline constexpr std::size_t kMaxMetadataBytes = 2048;

/// The job as metadata, ASCII only. invalid_argument when it would not fit kMaxMetadataBytes,
/// naming what to shorten.
Result<Metadata> encode_job(const Job& job);

/// The job in an original's metadata. corrupt_input when there is none or it is not one of ours;
/// fields that this version does not know are ignored, so that older programs read newer jobs.
Result<Job> decode_job(const Metadata& metadata);

}  // namespace thumbmill
