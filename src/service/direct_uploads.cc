#include "service/direct_uploads.h"

#include "base/ids.h"
#include "model/object_key.h"
#include "service/job_records.h"

namespace thumbmill {

Result<BegunUpload> DirectUploads::begin(const DirectUpload& upload, const OpContext& context) {
  if (upload.size_bytes == 0) return Status(Code::invalid_argument, "the file is empty");
  RETURN_IF_ERROR(ingest_.formats().check(upload.format));
  const ImageFormatInfo& info = image_format_info(upload.format);
  RETURN_IF_ERROR(validate(upload.renditions));
  BegunUpload begun{.id = new_uuid7(clock_), .request = {}, .expires = {}};
  const Job job{.renditions = upload.renditions,
                .name = {},
                .format = upload.format,
                .created = clock_.wall_now(),
                .keep_original = upload.keep_original,
                .trace = upload.trace};
  PutOptions options;
  options.if_absent = true;  // nor may the file change while a worker is at it
  options.content_type = info.media_type;
  ASSIGN_OR_RETURN(EncodedJob encoded, encode_job_with_name(job, upload.name));
  options.metadata = std::move(encoded.metadata);
  begun.expires = clock_.wall_now() + ttl_;
  ASSIGN_OR_RETURN(begun.request, presigner_.presign_put(upload_key(begun.id), options,
                                                         upload.size_bytes, ttl_, context));
  return begun;
}

Status DirectUploads::complete(const std::string& id, std::string_view caller,
                               const OpContext& context) {
  const std::optional<JobId> job = JobId::parse(id);
  if (!job) return Status(Code::not_found, "there is no such upload");
  // A client can use the request again until it expires: what has ended is not done again,
  // and a sweep removes the file.
  const Result<std::optional<JobResult>> result = read_result(store_, *job, context);
  if (result.status().code() != Code::corrupt_input) RETURN_IF_ERROR(result.status());
  if (result.ok() && *result) return Status();
  const Result<ObjectInfo> upload = store_.head(upload_key(*job), context);
  if (upload.status().code() == Code::not_found) {
    return Status(Code::not_found, "the file of this upload is not there");
  }
  RETURN_IF_ERROR(upload.status());
  ingest_.enqueue(*job, caller, context);
  return Status();
}

}  // namespace thumbmill
