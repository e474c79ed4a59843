#include "queue/celery/celery_queue.h"

#include <numeric>
#include <set>

#include <fmt/format.h>

#include "base/pause.h"
#include "base/secret.h"
#include "model/object_key.h"
#include "queue/celery/celery_message.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// Producers push onto a list and tell nobody; to pop it in a blocking way would take the message
// out of Redis before it is noted as ours, and a crash then would lose it.
constexpr milliseconds kLookEvery{100};
constexpr std::chrono::minutes kLookForUnreadEvery{1};

std::string seconds(milliseconds time) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(time).count());
}

// The Python exception that whoever waits for the result sees.
CeleryException exception_of(const JobFailure& failure) {
  std::string text = fmt::format("{}: {}", code_name(failure.code), failure.message);
  switch (failure.code) {
    case Code::not_found:
      return {"builtins", "FileNotFoundError", std::move(text)};
    case Code::corrupt_input:
    case Code::unsupported:
    case Code::too_large:
    case Code::invalid_argument:
      return {"builtins", "ValueError", std::move(text)};
    case Code::deadline_exceeded:
      return {"billiard.exceptions", "TimeLimitExceeded", std::move(text)};
    default:
      return {"builtins", "RuntimeError", std::move(text)};
  }
}

// What a message asks for that only Celery's workers do. It says nothing of the image.
CeleryException exception_of_refused(const Status& why) {
  return {"builtins", "NotImplementedError", "Thumbmill refuses this task: " + why.message()};
}

// As Celery's own workers have it.
CeleryException exception_of_other_task(std::string_view name, std::string_view ours) {
  return {"celery.exceptions", "NotRegistered",
          fmt::format("Thumbmill refuses task {}: give {} a queue of its own (task_routes)", name,
                      ours)};
}

// The queue's lists as producers with other settings than ours would have them: with the
// separator that Celery's documentation has in its example, with kombu's, and with every priority.
std::vector<std::string> unread_lists(const CeleryOptions& options) {
  std::vector<int> every_priority(10);  // kombu has 0 to 9
  std::iota(every_priority.begin(), every_priority.end(), 0);
  std::set<std::string> lists;
  for (const std::string& separator :
       {options.separator, CeleryOptions().separator, std::string(":")}) {
    for (std::string& list : celery_lists(options, every_priority, separator)) {
      lists.insert(std::move(list));
    }
  }
  for (const std::string& list : celery_lists(options, options.priority_steps, options.separator)) {
    lists.erase(list);
  }
  return {lists.begin(), lists.end()};
}

}  // namespace

CeleryQueue::CeleryQueue(CeleryOptions options, Clock& clock, Random& random, Metrics& metrics,
                         Logger& log)
    : options_(std::move(options)),
      keys_(celery_keys(options_)),
      unread_lists_(unread_lists(options_)),
      clock_(clock),
      log_(log),
      foreign_("celery", metrics, log, clock),
      connector_(options_.redis),
      client_(connector_, SettingsCheck::none, clock, log),
      results_(options_, clock, log),
      revoked_(connector_, options_, clock, random, log) {}

Result<RedisReply> CeleryQueue::run(const RedisScript& script, std::vector<std::string> arguments,
                                    const OpContext& context) {
  arguments.insert(arguments.begin(), {std::to_string(options_.visibility_timeout.count()),
                                       celery_lease_prefix(options_)});
  return client_.eval(script, keys_, arguments, context, Replicated::wanted);
}

Result<std::vector<Lease>> CeleryQueue::lease(std::size_t most, milliseconds ttl, milliseconds wait,
                                              const OpContext& context) {
  const SteadyTime deadline = std::min(context.deadline, clock_.now() + wait);
  warn_of_unread_lists(context);
  std::vector<Lease> leases;
  while (leases.size() < most && !context.stop.stop_requested()) {
    const Result<Claimed> claimed = claim(ttl, leases);
    if (!claimed.ok() && leases.empty()) return claimed.status();
    if (!claimed.ok()) break;  // what was leased before would have to run out
    if (*claimed == Claimed::something) continue;
    if (!leases.empty() || clock_.now() >= deadline) break;
    if (!pause(clock_, kLookEvery, context).ok()) break;
  }
  return leases;
}

// Producers whose transport options are not those of our URL push onto lists that nobody reads.
void CeleryQueue::warn_of_unread_lists(const OpContext& context) {
  const SteadyTime now = clock_.now();
  SteadyTime due = look_for_unread_at_.load();
  if (now < due || !look_for_unread_at_.compare_exchange_strong(due, now + kLookForUnreadEvery)) {
    return;
  }
  const auto found = client_.eval(scripts_.lengths, unread_lists_, {}, context);
  if (!found.ok()) return;  // the lease that follows says why
  for (const RedisReply& list : found->list) {
    if (list.list.size() != 2) continue;
    log_.warning(
        "tasks wait in a list that this worker does not read",
        {{"list", list.list[0].text},
         {"tasks", list.list[1].integer},
         {"detail",
          "if it is the application's, set priority_steps and sep in the queue's URL as in "
          "its broker_transport_options"}});
  }
}

Result<CeleryQueue::Claimed> CeleryQueue::claim(milliseconds ttl, std::vector<Lease>& leases) {
  const SteadyTime asked_at = clock_.now();  // the lease's time begins later: on the safe side
  const std::string number = new_secret_hex(8);
  // Not given up at a stop or a deadline: a lease that nobody has would have to run out.
  ASSIGN_OR_RETURN(const RedisReply reply,
                   run(scripts_.lease,
                       {seconds(ttl), number, options_.queue, std::to_string(sweep_from_.load()),
                        celery_binding_prefix(options_), options_.separator,
                        std::to_string(kMostCeleryMessageBytes)},
                       OpContext{}));
  if (reply.list.size() != 1 && reply.list.size() != 6) {
    return Status(Code::internal, "Redis answers something strange to \"lease\"");
  }
  sweep_from_ = reply.list[0].integer;
  if (reply.list.size() == 1) return Claimed::nothing;
  const std::string& tag = reply.list[1].text;
  const std::string& text = reply.list[4].text;
  if (tag.empty()) {
    const Status refusal(Code::corrupt_input, "no Celery message of protocol 2, or over 1 MiB");
    const std::string& task_id = reply.list[5].text;
    foreign_.report(text, moved_to_refused(refusal.to_string()));
    if (task_id.empty()) return Claimed::something;
    RETURN_IF_ERROR(results_.failed(task_id, exception_of_refused(refusal), OpContext{}));
    return Claimed::something;
  }
  LeaseTicket ticket{tag,
                     tag + ' ' + number,
                     static_cast<int>(reply.list[2].integer),
                     code_from_name(reply.list[3].text).value_or(Code::internal),
                     asked_at,
                     text};
  RETURN_IF_ERROR(admit(std::move(ticket), leases));
  return Claimed::something;
}

std::string CeleryQueue::moved_to_refused(std::string_view why) const {
  return fmt::format("{}; moved to the list {}", why, keys_[3]);
}

Status CeleryQueue::set_aside(const LeaseTicket& ticket, std::string_view why) {
  foreign_.report(ticket.id, moved_to_refused(why));
  return settle(scripts_.refuse, ticket, {}, OpContext{});
}

// A client that waits for the task, or for one that was to come after it, is told first.
Status CeleryQueue::refuse(const LeaseTicket& ticket, const CeleryMessage& message,
                           const CeleryException& answer) {
  if (!message.ignore_result) {
    RETURN_IF_ERROR(results_.failed(message.id, answer, OpContext{}));
  }
  for (const std::string& id : message.followers) {
    RETURN_IF_ERROR(results_.failed(id, answer, OpContext{}));
  }
  return set_aside(ticket, answer.message);
}

Status CeleryQueue::revoke(const LeaseTicket& ticket, const CeleryMessage& message,
                           std::string_view why) {
  log_.warning("task is not done", {{"job_id", ticket.id}, {"detail", why}});
  if (!message.ignore_result) {
    RETURN_IF_ERROR(results_.revoked(message.id, std::string(why), OpContext{}));
  }
  return ack(ticket, OpContext{});
}

Status CeleryQueue::admit(LeaseTicket ticket, std::vector<Lease>& leases) {
  const Result<CeleryMessage> message = parse_celery_message(ticket.payload);
  if (!message.ok()) return set_aside(ticket, message.status().to_string());
  if (!message->name.empty() && message->name != options_.task) {
    return refuse(ticket, *message, exception_of_other_task(message->name, options_.task));
  }
  if (!message->refusal.ok()) {
    return refuse(ticket, *message, exception_of_refused(message->refusal));
  }
  ticket.id = message->id;
  const WallTime now = clock_.wall_now();
  if (message->expires && *message->expires < now) return revoke(ticket, *message, "expired");
  if (revoked_.contains(message->id)) return revoke(ticket, *message, "revoked");
  if (message->eta && *message->eta > now) {
    const auto delay = std::chrono::ceil<milliseconds>(*message->eta - now);
    return retry(ticket, delay, ticket.last_failure, AttemptCost::free, OpContext{});
  }
  leases.emplace_back(std::move(ticket), *this);
  return Status();
}

Status CeleryQueue::check(const OpContext& context) {
  RETURN_IF_ERROR(client_.run({"PING"}, context).status());
  return results_.check(context);
}

Result<ImageTask> CeleryQueue::task(const Lease& lease) {
  ASSIGN_OR_RETURN(const CeleryMessage message, parse_celery_message(lease.payload()));
  ImageTask task;
  ASSIGN_OR_RETURN(task.source, fill_template(options_.source, message, options_.parameters));
  ASSIGN_OR_RETURN(task.target, fill_template(options_.target, message, options_.parameters));
  task.remove_source = options_.remove_source;
  task.time_limit = message.time_limit;
  for (const std::string& key : {task.source, task.target_key("rendition", "jpg")}) {
    if (is_object_key(key)) continue;
    return Status(Code::invalid_argument, fmt::format("\"{}\" can be no object's key", key));
  }
  return task;
}

Status CeleryQueue::report_done(const Lease& lease, const std::vector<MadeThumbnail>& made,
                                const OpContext& context) {
  ASSIGN_OR_RETURN(const CeleryMessage message, parse_celery_message(lease.payload()));
  if (message.ignore_result) return Status();
  return results_.done(message.id, made, context);
}

Status CeleryQueue::report_failed(const Lease& lease, const JobFailure& failure,
                                  const OpContext& context) {
  ASSIGN_OR_RETURN(const CeleryMessage message, parse_celery_message(lease.payload()));
  if (message.ignore_result) return Status();
  return results_.failed(message.id, exception_of(failure), context);
}

Status CeleryQueue::settle(const RedisScript& script, const LeaseTicket& ticket,
                           std::vector<std::string> arguments, const OpContext& context) {
  const std::size_t space = ticket.token.rfind(' ');
  arguments.insert(arguments.begin(),
                   {ticket.token.substr(0, space), ticket.token.substr(space + 1)});
  ASSIGN_OR_RETURN(const RedisReply reply, run(script, std::move(arguments), context));
  if (reply.integer == 1) return Status();
  return Status(Code::lease_lost, fmt::format("task {} belongs to another worker now", ticket.id));
}

Status CeleryQueue::extend(const LeaseTicket& ticket, milliseconds ttl, const OpContext& context) {
  return settle(scripts_.extend, ticket, {seconds(ttl)}, context);
}

Status CeleryQueue::ack(const LeaseTicket& ticket, const OpContext& context) {
  return settle(scripts_.ack, ticket, {}, context);
}

Status CeleryQueue::retry(const LeaseTicket& ticket, milliseconds delay, Code why, AttemptCost cost,
                          const OpContext& context) {
  return settle(
      scripts_.retry, ticket,
      {seconds(delay), std::string(code_name(why)), cost == AttemptCost::free ? "1" : "0"},
      context);
}

Status CeleryQueue::hand_back(const LeaseTicket& ticket, const OpContext& context) {
  return settle(scripts_.hand_back, ticket, {}, context);
}

Status CeleryQueue::bury(const LeaseTicket& ticket, Code, const OpContext& context) {
  return settle(scripts_.bury, ticket, {}, context);
}

}  // namespace thumbmill
