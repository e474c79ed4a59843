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

// Leaves `number` as it is where there is no text; false where there is one that is no number >= 0.
template <typename T>
bool read_number(const std::optional<std::string_view>& text, T& number) {
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

std::optional<JobRecord> from_record(std::string_view key, const KafkaHeaderOf& header) {
  if (key.empty() || key.size() > kLongestId) return std::nullopt;
  JobRecord record;
  record.id = key;
  std::int64_t first_ms = 0;
  std::int64_t due_ms = 0;
  if (!read_number(header(kAttempts), record.attempts) ||
      !read_number(header(kFirstEnqueued), first_ms) || !read_number(header(kDue), due_ms)) {
    return std::nullopt;
  }
  record.first_enqueued = from_unix_ms(first_ms);
  record.due = from_unix_ms(due_ms);
  const auto failure = header(kLastFailure);
  if (failure) record.last_failure = code_from_name(*failure).value_or(Code::internal);
  return record;
}

std::optional<JobRecord> from_message(const rd_kafka_message_t& message) {
  if (message.key == nullptr) return std::nullopt;
  return from_record({static_cast<const char*>(message.key), message.key_len},
                     [&](const char* name) { return kafka_header(message, name); });
}

}  // namespace thumbmill
