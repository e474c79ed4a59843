#include "queue/kafka/job_record.h"

#include <charconv>

namespace thumbmill {
namespace {

constexpr const char* kAttempts = "attempts";
constexpr const char* kFirstEnqueued = "first-enqueued";
constexpr const char* kDue = "due";
constexpr const char* kLastFailure = "last-failure";
// Far longer than any id; what has a longer key is none of ours.
constexpr std::size_t kLongestId = 256;

// The text of a header that is there.
std::optional<std::string_view> header(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  std::size_t size = 0;
  if (headers == nullptr ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(value), size);
}

// Leaves `number` as it is where there is no header; false where there is one without a number >=
// 0.
template <typename T>
bool read_number(const rd_kafka_headers_t* headers, const char* name, T& number) {
  const auto text = header(headers, name);
  if (!text) return true;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() && end == text->data() + text->size() && number >= 0;
}

}  // namespace

KafkaHeaders to_headers(const JobRecord& record) {
  return {{kAttempts, std::to_string(record.attempts)},
          {kFirstEnqueued, std::to_string(to_unix_ms(record.first_enqueued))},
          {kDue, std::to_string(to_unix_ms(record.due))},
          {kLastFailure, std::string(code_name(record.last_failure))}};
}

std::optional<JobRecord> from_message(const rd_kafka_message_t& message) {
  if (message.key == nullptr || message.key_len == 0 || message.key_len > kLongestId) {
    return std::nullopt;
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) headers = nullptr;
  JobRecord record;
  record.id.assign(static_cast<const char*>(message.key), message.key_len);
  std::int64_t first_ms = 0;
  std::int64_t due_ms = 0;
  if (!read_number(headers, kAttempts, record.attempts) ||
      !read_number(headers, kFirstEnqueued, first_ms) || !read_number(headers, kDue, due_ms)) {
    return std::nullopt;
  }
  record.first_enqueued = from_unix_ms(first_ms);
  record.due = from_unix_ms(due_ms);
  const auto failure = header(headers, kLastFailure);
  if (failure) record.last_failure = code_from_name(*failure).value_or(Code::internal);
  return record;
}

}  // namespace thumbmill
