#include "queue/celery/revoked_tasks.h"

#include <fmt/format.h>

#include "model/json.h"
#include "queue/celery/celery_body.h"
#include "queue/celery/celery_message.h"

namespace thumbmill {
namespace {

// Of a task: Celery makes UUIDs of 36 letters, an application perhaps its own.
constexpr std::size_t kMostIdBytes = 256;

// kombu's channel of a fanout exchange, here of the one for control messages.
std::string control_channel(const CeleryOptions& options) {
  return fmt::format("{}/{}.celery.pidbox", options.key_prefix, options.redis.database);
}

bool is_for_all(const boost::json::object& message) {
  for (const char* choice : {"destination", "pattern", "matcher"}) {
    const boost::json::value* value = message.if_contains(choice);
    if (value != nullptr && !value->is_null()) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> revoked_by(std::string_view message) {
  if (message.size() > kMostCeleryMessageBytes) return {};
  const auto envelope = json::parse_object(message, "the message");
  if (!envelope.ok()) return {};
  const Result<boost::json::value> body = decode_celery_body(*envelope);
  const boost::json::object* control = body.ok() ? body->if_object() : nullptr;
  if (control == nullptr || json::get_string(*control, "method") != "revoke") return {};
  const boost::json::value* arguments = control->if_contains("arguments");
  if (!is_for_all(*control) || arguments == nullptr || !arguments->is_object()) return {};
  const boost::json::value* named = arguments->get_object().if_contains("task_id");
  if (named == nullptr) return {};
  std::vector<std::string> ids;
  const auto add = [&](const boost::json::value& id) {
    const boost::json::string* text = id.if_string();
    if (text != nullptr && text->size() <= kMostIdBytes) ids.emplace_back(*text);
  };
  if (const boost::json::array* several = named->if_array()) {
    for (const boost::json::value& id : *several) add(id);
  } else {
    add(*named);
  }
  return ids;
}

RevokedTasks::RevokedTasks(RedisConnector& broker, const CeleryOptions& options, const Clock& clock,
                           Random& random, Logger& log)
    : clock_(clock),
      subscriber_(broker, control_channel(options), random, log,
                  [this](const std::string& message) { hear(message); }) {}

bool RevokedTasks::contains(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return ids_.contains(id);
}

void RevokedTasks::hear(std::string_view message) {
  std::vector<std::string> heard = revoked_by(message);
  const SteadyTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  for (std::string& id : heard) {
    if (ids_.insert(id).second) in_order_.emplace_back(now, std::move(id));
  }
  while (!in_order_.empty() &&
         (in_order_.size() > kMost || now - in_order_.front().first > kRemembered)) {
    ids_.erase(in_order_.front().second);
    in_order_.pop_front();
  }
}

}  // namespace thumbmill
