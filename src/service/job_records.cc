#include "service/job_records.h"

#include "model/object_key.h"
#include "service/object_cursor.h"

namespace thumbmill {
namespace {

// `name` cut to at most `size` bytes, not within a UTF-8 sequence (RFC 3629).
std::string_view cut(std::string_view name, std::size_t size) {
  if (size >= name.size()) return name;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80) --size;
  return name.substr(0, size);
}

}  // namespace

Result<std::string> read_record(ObjectStore& store, const std::string& key,
                                const OpContext& context) {
  const Result<Object> object = store.get(key, kMostRecordBytes, context);
  if (object.status().code() == Code::too_large) {
    return Status(Code::corrupt_input, object.status().message());
  }
  RETURN_IF_ERROR(object.status());
  return object->body.to_string();
}

Result<std::optional<JobResult>> read_result(ObjectStore& store, const JobId& id,
                                             const OpContext& context) {
  const Result<std::string> text = read_record(store, result_key(id), context);
  if (text.status().code() == Code::not_found) return std::optional<JobResult>();
  RETURN_IF_ERROR(text.status().with_context("reading the result"));
  ASSIGN_OR_RETURN(JobResult result, decode_job_result(*text));
  return std::optional<JobResult>(std::move(result));
}

Status write_result(ObjectStore& store, const JobId& id, const JobResult& result,
                    const OpContext& context) {
  return store.put(
      result_key(id), Blob(encode_job_result(result)),
      PutOptions{.content_type = "application/json", .metadata = {}, .if_absent = true}, context);
}

JobResult make_tombstone(WallTime now) {
  JobResult result;
  result.created = now;
  result.finished = now;
  result.failure = JobFailure{Code::cancelled, "the job was deleted"};
  return result;
}

// No job fails as cancelled: what a worker was told to stop is handed back.
bool is_tombstone(const JobResult& result) {
  return result.failure && result.failure->code == Code::cancelled;
}

Result<bool> object_exists(ObjectStore& store, const std::string& key, const OpContext& context) {
  const Status found = store.head(key, context).status();
  if (found.code() == Code::not_found) return false;
  if (found.code() != Code::corrupt_input) RETURN_IF_ERROR(found);
  return true;
}

Status remove_thumbs(ObjectStore& store, const JobId& id, const OpContext& context) {
  ObjectCursor thumbs(store, thumbs_prefix(id), context);
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<ListedObject> thumb, thumbs.next());
    if (!thumb) return Status();
    if (id_from_key(thumb->key) != id || !is_object_key(thumb->key)) continue;
    RETURN_IF_ERROR(store.remove(thumb->key, context));
  }
}

Result<Metadata> encode_job_with_name(Job job, std::string_view name) {
  job.name = cut(name, kMaxMetadataBytes);
  Result<Metadata> whole = encode_job(job);
  if (whole.status().code() != Code::invalid_argument) return whole;
  job.name.clear();
  Result<Metadata> best = encode_job(job);
  if (!best.ok()) return best;
  std::size_t fits = 0;
  for (std::size_t over = std::min(name.size(), kMaxMetadataBytes); over - fits > 1;) {
    const std::size_t middle = fits + (over - fits) / 2;
    job.name = cut(name, middle);
    Result<Metadata> candidate = encode_job(job);
    (candidate.ok() ? fits : over) = middle;
    if (candidate.ok()) best = std::move(candidate);
  }
  return best;
}

}  // namespace thumbmill
