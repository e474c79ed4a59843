#include "service/job_records.h"

#include "base/utf8.h"
#include "model/json.h"
#include "model/object_key.h"
#include "service/object_cursor.h"

namespace thumbmill {
namespace {

constexpr std::string_view kEllipsis = "\xe2\x80\xa6";  // one UTF-16 code unit

// `name`, which is valid UTF-8, or its start and an ellipsis: at most `most` UTF-16 code units.
std::string shortened(std::string_view name, std::size_t most) {
  std::size_t units = 0;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < name.size();) {
    std::uint32_t point = 0;
    at += decode_utf8(name.substr(at), point);
    units += point > 0xffff ? 2 : 1;
    if (units > most) return std::string(name.substr(0, kept)).append(kEllipsis);
    if (units < most) kept = at;
  }
  return std::string(name);
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

Result<EncodedJob> encode_job_with_name(Job job, std::string_view name) {
  const std::string text = json::valid_utf8(name);
  job.name = shortened(text, kMaxNameUnits);
  Result<Metadata> whole = encode_job(job);
  if (whole.ok()) return EncodedJob{*std::move(whole), job.name};
  if (whole.status().code() != Code::invalid_argument) return whole.status();
  job.name.clear();
  EncodedJob best;
  ASSIGN_OR_RETURN(best.metadata, encode_job(job));
  std::size_t fits = 0;
  for (std::size_t over = kMaxNameUnits; over - fits > 1;) {
    const std::size_t middle = fits + (over - fits) / 2;
    job.name = shortened(text, middle);
    Result<Metadata> candidate = encode_job(job);
    (candidate.ok() ? fits : over) = middle;
    if (candidate.ok()) best = {*std::move(candidate), job.name};
  }
  return best;
}

}  // namespace thumbmill
