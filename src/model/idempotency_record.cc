#include "model/idempotency_record.h"

#include "model/json.h"

namespace thumbmill {
namespace {

constexpr std::int64_t kVersion = 1;

}  // namespace

std::string encode_idempotency_record(const IdempotencyRecord& record) {
  boost::json::object object;
  object["v"] = kVersion;
  object["id"] = record.id.text();
  object["fingerprint"] = record.fingerprint;
  object["created"] = to_unix_ms(record.created);
  return json::to_ascii(object);
}

Result<IdempotencyRecord> decode_idempotency_record(std::string_view text) {
  ASSIGN_OR_RETURN(const boost::json::object object,
                   json::parse_object(text, "the stored idempotency record"));
  const auto id = JobId::parse(json::get_string(object, "id").value_or(""));
  const auto fingerprint = json::get_string(object, "fingerprint");
  const auto created = json::get_int(object, "created");
  if (!id || !fingerprint || !created) {
    return Status(Code::corrupt_input, "the stored idempotency record is damaged");
  }
  return IdempotencyRecord{*id, *fingerprint, from_unix_ms(*created)};
}

}  // namespace thumbmill
