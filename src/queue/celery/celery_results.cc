#include "queue/celery/celery_results.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "model/image_format.h"
#include "model/json.h"

namespace thumbmill {
namespace {

constexpr std::string_view kSuccess = "SUCCESS";

// A failure does not replace a success, as in Celery's BaseKeyValueStoreBackend._store_result: a
// task whose lease was lost after its end comes again, and may find its image gone or itself
// expired.
constexpr const char* kWrite = R"(#!lua flags=allow-oom
local key, state, text, age = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local old = state ~= 'SUCCESS' and redis.pcall('GET', key)
if type(old) == 'string' then
  local is_json, meta = pcall(cjson.decode, old)
  if is_json and type(meta) == 'table' and meta.status == 'SUCCESS' then return 0 end
end
redis.call('SET', key, text, 'EX', age)
redis.call('PUBLISH', key, text)
return 1
)";

}  // namespace

CeleryResults::CeleryResults(const CeleryOptions& options, const Clock& clock, Logger& log)
    : clock_(clock),
      key_prefix_(options.result_key_prefix + "celery-task-meta-"),
      write_(kWrite),
      connector_(options.results),
      client_(connector_, SettingsCheck::none, clock, log) {}

Status CeleryResults::write(const std::string& task_id, std::string_view state,
                            boost::json::object result, const OpContext& context) {
  boost::json::object meta;
  meta["status"] = state;
  meta["result"] = std::move(result);
  meta["traceback"] = nullptr;
  meta["children"] = boost::json::array();
  meta["date_done"] = format_rfc3339(clock_.wall_now());
  meta["task_id"] = task_id;
  const std::string age = std::to_string(std::chrono::seconds(kAge).count());
  return client_
      .eval(write_, {key_prefix_ + task_id},
            {std::string(state), boost::json::serialize(meta), age}, context)
      .status()
      .with_context("telling Celery's result backend");
}

Status CeleryResults::done(const std::string& task_id, const std::vector<MadeThumbnail>& made,
                           const OpContext& context) {
  boost::json::array thumbnails;
  for (const MadeThumbnail& one : made) {
    boost::json::object thumbnail;
    thumbnail["rendition"] = one.facts.name;
    thumbnail["key"] = one.key;
    thumbnail["format"] = image_format_info(one.facts.format).name;
    thumbnail["width"] = one.facts.size.width;
    thumbnail["height"] = one.facts.size.height;
    thumbnail["bytes"] = one.facts.size_bytes;
    thumbnails.push_back(std::move(thumbnail));
  }
  boost::json::object result;
  result["thumbnails"] = std::move(thumbnails);
  return write(task_id, kSuccess, std::move(result), context);
}

// An exception as Celery's backends write one by JSON: Backend.prepare_exception.
Status CeleryResults::fail(const std::string& task_id, std::string_view state,
                           const CeleryException& exception, const OpContext& context) {
  boost::json::object result;
  result["exc_type"] = exception.type;
  result["exc_message"] = boost::json::array{json::valid_utf8(exception.message)};
  result["exc_module"] = exception.module;
  return write(task_id, state, std::move(result), context);
}

Status CeleryResults::failed(const std::string& task_id, const CeleryException& exception,
                             const OpContext& context) {
  return fail(task_id, "FAILURE", exception, context);
}

// As Celery's Request.revoked has it.
Status CeleryResults::revoked(const std::string& task_id, std::string why,
                              const OpContext& context) {
  return fail(task_id, "REVOKED", {"celery.exceptions", "TaskRevokedError", std::move(why)},
              context);
}

Status CeleryResults::check(const OpContext& context) {
  return client_.run({"PING"}, context).status().with_context("asking Celery's result backend");
}

}  // namespace thumbmill
