#include "service/metered_store.h"

namespace thumbmill {

Status MeteredStore::count(std::string_view op, Status status) {
  metrics_.add(metric::kStoreRequests, 1, {op, code_name(status.code())});
  return status;
}

template <typename T>
Result<T> MeteredStore::count(std::string_view op, Result<T> result) {
  metrics_.add(metric::kStoreRequests, 1, {op, code_name(result.status().code())});
  return result;
}

Status MeteredStore::put(std::string_view key, const Blob& body, const PutOptions& options,
                         const OpContext& context) {
  return count("put", store_.put(key, body, options, context));
}

Result<Object> MeteredStore::get(std::string_view key, std::uint64_t most_bytes,
                                 const OpContext& context) {
  return count("get", store_.get(key, most_bytes, context));
}

Result<ObjectInfo> MeteredStore::head(std::string_view key, const OpContext& context) {
  return count("head", store_.head(key, context));
}

Status MeteredStore::remove(std::string_view key, const OpContext& context) {
  return count("remove", store_.remove(key, context));
}

Status MeteredStore::copy(std::string_view from, std::string_view to, const OpContext& context) {
  return count("copy", store_.copy(from, to, context));
}

Result<std::vector<ListedObject>> MeteredStore::list(std::string_view prefix,
                                                     std::string_view after, std::size_t limit,
                                                     const OpContext& context) {
  return count("list", store_.list(prefix, after, limit, context));
}

Status MeteredStore::check(const OpContext& context) {
  return count("check", store_.check(context));
}

Result<std::size_t> MeteredStore::remove_unfinished(WallTime before, const OpContext& context) {
  return count("remove_unfinished", store_.remove_unfinished(before, context));
}

}  // namespace thumbmill
