#include "api/allowance.h"

#include <vector>

#include <fmt/format.h>

namespace thumbmill {

Status Allowance::take_requests(std::uint64_t count) {
  const RateLimit& limit = limits_.requests;
  if (limit.per_second == 0 || count == 0) return Status();
  requests_ = buckets_.requests.take(client_, limit, count);
  if (requests_->allowed) return Status();
  metrics_.add(metric::kHttpRejected, 1, {"rate_limit"});
  return Status(Code::unavailable,
                fmt::format("over {} requests or files a second; {} at once are allowed after a "
                            "rest",
                            limit.per_second, limit.capacity()),
                std::string(kRateLimited));
}

Status Allowance::take_bytes(std::uint64_t count) {
  const RateLimit& limit = limits_.bytes;
  if (limit.per_second == 0 || count == 0) return Status();
  bytes_ = buckets_.bytes.take(client_, limit, count);
  if (bytes_->allowed) {
    has_taken_bytes_ = true;
    return Status();
  }
  // Nobody knows how much more would have come: once the bucket is full, any body is let through.
  if (has_taken_bytes_) bytes_->until_allowed = bytes_->until_full;
  metrics_.add(metric::kHttpRejected, 1, {"upload_rate"});
  return Status(Code::unavailable,
                fmt::format("over upload-rate, {} bytes a second; {} at once are allowed after a "
                            "rest",
                            limit.per_second, limit.capacity()),
                std::string(kRateLimited));
}

void Allowance::add_fields(HttpFields& fields) const {
  std::vector<RateReport> reports;
  if (requests_) reports.push_back({"requests", {}, limits_.requests, *requests_});
  if (bytes_) reports.push_back({"bytes", "content-bytes", limits_.bytes, *bytes_});
  add_rate_fields(reports, fields);
}

}  // namespace thumbmill
