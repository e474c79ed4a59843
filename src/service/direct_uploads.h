// DirectUploads: uploads whose bytes go from the client to the store and not through us. begin()
// gives out a request for the original's own key, with the job as metadata in it: once the client
// has sent it, the upload is as durable as any other, and its job unfinished. complete() queues
// the job; the sweep does when the client forgets to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/op_context.h"
#include "base/status.h"
#include "model/image_format.h"
#include "model/job.h"
#include "service/ingest.h"
#include "store/presigner.h"

namespace thumbmill {

/// What a client says of the file that it is going to put.
struct DirectUpload {
  ImageFormat format = ImageFormat::jpeg;
  std::uint64_t size_bytes = 0;
  std::string name;  ///< the client's file name, any bytes
  std::vector<RenditionSpec> renditions;
  bool keep_original = false;
  std::string trace;  ///< W3C traceparent or empty
};

struct BegunUpload {
  JobId id;
  PresignedRequest request;
  WallTime expires{};
};

/// Thread-safe. Everything passed in outlives it.
class DirectUploads {
 public:
  /// `ttl`: for how long a file may be put.
  DirectUploads(Presigner& presigner, ObjectStore& store, Ingest& ingest, const Clock& clock,
                std::chrono::seconds ttl)
      : presigner_(presigner), store_(store), ingest_(ingest), clock_(clock), ttl_(ttl) {}

  /// invalid_argument: no bytes, or bad renditions. unsupported: a format that is not decoded.
  Result<BegunUpload> begin(const DirectUpload& upload, const OpContext& context);

  /// Queues the job of an upload that is there, once or again, in the turn of `caller`; ok, and
  /// nothing is done, when its job has ended. not_found: there is no such upload.
  Status complete(const std::string& id, std::string_view caller, const OpContext& context);

 private:
  Presigner& presigner_;
  ObjectStore& store_;
  Ingest& ingest_;
  const Clock& clock_;
  const std::chrono::seconds ttl_;
};

}  // namespace thumbmill
