#include "queue/kafka/job_record.h"

#include <charconv>

namespace thumbmill {
namespace {

constexpr const char* kAttempts = "attempts";
constexpr const char* kFirstEnqueued = "first-enqueued";
constexpr const char* kDue = "due";
constexpr const char* kLastFailure = "last-failure";
// 0 where there is no text, or one that is no number from 0 to `most`.
template <typename T>
T number_of(const std::optional<std::string_view>& text, T most) {
  if (!text) return 0;
  T number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  return whole && number >= 0 && number <= most ? number : 0;
}

}  // namespace

KafkaHeaders to_headers(const JobRecord& record) {
  return {{kAttempts, std::to_string(record.attempts)},
          {kFirstEnqueued, std::to_string(to_unix_ms(record.first_enqueued))},
          {kDue, std::to_string(to_unix_ms(record.due))},
          {kLastFailure, std::string(code_name(record.last_failure))}};
}

JobRecord from_record(std::string_view key, const KafkaHeaderOf& header) {
  JobRecord record;
  record.id = key.substr(0, kMostIdBytes);
  record.attempts = number_of(header(kAttempts), kMostAttempts);
  record.first_enqueued = from_unix_ms(number_of(header(kFirstEnqueued), INT64_MAX));
  record.due = from_unix_ms(number_of(header(kDue), INT64_MAX));
  const auto failure = header(kLastFailure);
  if (failure) record.last_failure = code_from_name(*failure).value_or(Code::internal);
  return record;
}

JobRecord from_message(const rd_kafka_message_t& message) {
  return from_record({static_cast<const char*>(message.key), message.key_len},
                     [&](const char* name) { return kafka_header(message, name); });
}

}  // namespace thumbmill
