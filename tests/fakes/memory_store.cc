#include "fakes/memory_store.h"

#include <algorithm>

#include "model/object_key.h"

namespace thumbmill {
Status MemoryStore::begin(std::string_view operation, std::string_view key,
                          const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  const bool without_key =
      operation == "list" || operation == "check" || operation == "remove_unfinished";
  if (!(without_key && key.empty()) && !is_object_key(key)) {
    return Status(Code::invalid_argument, "no object key");
  }
  RETURN_IF_ERROR(failing_);
  for (Failure& failure : failures_) {
    if (failure.times > 0 && failure.operation == operation && key.starts_with(failure.prefix)) {
      --failure.times;
      return failure.status;
    }
  }
  return Status();
}

Status MemoryStore::put(std::string_view key, const Blob& body, const PutOptions& options,
                        const OpContext& context) {
  ASSIGN_OR_RETURN(std::string bytes, body.to_string());
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin("put", key, context));
  RETURN_IF_ERROR(options.check());
  if (options.if_absent && objects_.contains(key))
    return Status(Code::conflict, "the object exists already");
  ObjectInfo info{std::string(key), bytes.size(), clock_.wall_now(), options.content_type,
                  options.metadata};
  objects_.insert_or_assign(std::string(key), Object{std::move(info), Blob(std::move(bytes))});
  return Status();
}

Result<Object> MemoryStore::get(std::string_view key, std::uint64_t most_bytes,
                                const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin("get", key, context));
  const auto found = objects_.find(key);
  if (found == objects_.end())
    return Status(Code::not_found, "there is no object " + std::string(key));
  if (found->second.body.size() > most_bytes) return too_many_bytes(key, most_bytes);
  return found->second;
}

Result<ObjectInfo> MemoryStore::head(std::string_view key, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin("head", key, context));
  const auto found = objects_.find(key);
  if (found == objects_.end())
    return Status(Code::not_found, "there is no object " + std::string(key));
  return found->second.info;
}

Status MemoryStore::remove(std::string_view key, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin("remove", key, context));
  const auto found = objects_.find(key);
  if (found != objects_.end()) objects_.erase(found);
  return Status();
}

Status MemoryStore::copy(std::string_view from, std::string_view to, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin("copy", from, context));
  if (!is_object_key(to)) return Status(Code::invalid_argument, "no object key");
  const auto found = objects_.find(from);
  if (found == objects_.end())
    return Status(Code::not_found, "there is no object " + std::string(from));
  Object object = found->second;
  object.info.key = std::string(to);
  object.info.modified = clock_.wall_now();
  objects_.insert_or_assign(std::string(to), std::move(object));
  return Status();
}

Result<std::vector<ListedObject>> MemoryStore::list(std::string_view prefix, std::string_view after,
                                                    std::size_t limit, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  if (!prefix.empty() && prefix.back() != '/') return Status(Code::invalid_argument, "no prefix");
  if (limit < 1 || limit > 1000) return Status(Code::invalid_argument, "limit is 1 to 1000");
  RETURN_IF_ERROR(
      begin("list", prefix.substr(0, prefix.size() - (prefix.empty() ? 0 : 1)), context));
  std::vector<ListedObject> found;
  for (auto at = objects_.lower_bound(prefix); at != objects_.end() && found.size() < limit; ++at) {
    if (!at->first.starts_with(prefix)) break;
    if (at->first > after) found.push_back({at->first, at->second.info.modified});
  }
  return found;
}

Status MemoryStore::check(const OpContext& context) {
  const std::lock_guard lock(mutex_);
  return begin("check", {}, context);
}

Result<std::size_t> MemoryStore::remove_unfinished(WallTime, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin("remove_unfinished", {}, context));
  return std::size_t{0};
}

void MemoryStore::fail_all(Status status) {
  const std::lock_guard lock(mutex_);
  failing_ = std::move(status);
}

void MemoryStore::fail(std::string operation, std::string prefix, Status status, int times) {
  const std::lock_guard lock(mutex_);
  failures_.push_back({std::move(operation), std::move(prefix), std::move(status), times});
}

std::vector<std::string> MemoryStore::keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, object] : objects_) keys.push_back(key);
  return keys;
}

}  // namespace thumbmill
