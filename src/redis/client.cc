#include "redis/client.h"

#include "base/hash.h"
#include "redis/server_check.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// How many commands are sent together at the most.
constexpr std::size_t kMostInGroup = 128;

// A server that hangs is not waited for by every caller in turn: after a failure that took
// kHanging, calls fail at once for kRefusal.
constexpr milliseconds kHanging{500};
constexpr milliseconds kRefusal{1'000};

// How often a lasting connection looks whether there are replicas, and how long one may take.
constexpr milliseconds kFactsEvery{30'000};
constexpr const char* kReplicaPatienceMs = "200";

}  // namespace

RedisScript::RedisScript(std::string text) : source(std::move(text)), sha1(sha1_hex(source)) {}

RedisClient::RedisClient(RedisConnector& connector, SettingsCheck settings_check,
                         const Clock& clock, Logger& log)
    : connector_(connector),
      settings_check_(settings_check),
      clock_(clock),
      log_(log),
      gatherer_(kMostInGroup, [this](const std::vector<Operation*>& group) { run_group(group); }) {}

Result<RedisReply> RedisClient::run(const RedisCommand& command, const OpContext& context,
                                    Replicated replicated) {
  RETURN_IF_ERROR(context.check(clock_));
  ASSIGN_OR_RETURN(RedisReply reply, ask(command, replicated));
  if (reply.is_error()) return status_of(reply);
  return reply;
}

Result<RedisReply> RedisClient::eval(const RedisScript& script,
                                     const std::vector<std::string>& keys,
                                     const std::vector<std::string>& arguments,
                                     const OpContext& context, Replicated replicated) {
  RETURN_IF_ERROR(context.check(clock_));
  RedisCommand command = {"EVALSHA", script.sha1, std::to_string(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  ASSIGN_OR_RETURN(RedisReply reply, ask(command, replicated));
  if (reply.is_error("NOSCRIPT")) {
    command[0] = "EVAL";
    command[1] = script.source;
    ASSIGN_OR_RETURN(reply, ask(command, replicated));
  }
  if (reply.is_error()) return status_of(reply);
  return reply;
}

Result<RedisReply> RedisClient::ask(const RedisCommand& command, Replicated replicated) {
  ASSIGN_OR_RETURN(RedisReply reply, send_with_others(command, replicated));
  if (reply.is_error() && connector_.follow(reply)) return send_with_others(command, replicated);
  return reply;
}

Result<RedisReply> RedisClient::send_with_others(const RedisCommand& command,
                                                 Replicated replicated) {
  Operation operation{.command = command, .replicated = replicated == Replicated::wanted};
  gatherer_.run(operation);
  RETURN_IF_ERROR(operation.status);
  return std::move(operation.reply);
}

void RedisClient::run_group(const std::vector<Operation*>& group) {
  Status status;
  const SteadyTime begin = clock_.now();
  if (begin < refuse_until_) {
    status = refusal_;
  } else {
    status = run_on_connection(group);
    if (status.ok()) return;
    connection_.reset();
    if (clock_.now() - begin >= kHanging) {
      refuse_until_ = clock_.now() + kRefusal;
      refusal_ = status;
    }
  }
  for (Operation* operation : group) {
    if (!operation->answered) operation->status = status;
  }
}

Status RedisClient::run_on_connection(const std::vector<Operation*>& group) {
  RETURN_IF_ERROR(ensure_connected());
  bool replicated = false;
  for (const Operation* operation : group) {
    connection_->append(operation->command);
    replicated = replicated || operation->replicated;
  }
  bool wrong_server = false;
  for (Operation* operation : group) {
    ASSIGN_OR_RETURN(operation->reply, connection_->read());
    operation->answered = true;
    wrong_server =
        wrong_server || operation->reply.is_error("MOVED") || operation->reply.is_error("READONLY");
  }
  if (replicated && has_replicas_ && !wrong_server) RETURN_IF_ERROR(await_replica());
  if (wrong_server) connection_.reset();
  return Status();
}

Status RedisClient::ensure_connected() {
  if (connection_ && connection_->is_stale()) connection_.reset();
  const bool is_new = !connection_;
  if (is_new) {
    ASSIGN_OR_RETURN(connection_, connector_.connect());
  } else if (clock_.now() < ask_facts_at_) {
    return Status();
  }
  ASSIGN_OR_RETURN(const ServerFacts facts, server_facts(*connection_));
  has_replicas_ = facts.replicas > 0;
  ask_facts_at_ = clock_.now() + kFactsEvery;
  if (facts.run_id != known_run_id_) {
    known_run_id_ = facts.run_id;
    if (settings_check_ == SettingsCheck::warns) warn_of_settings(*connection_, facts, log_);
  }
  return Status();
}

Status RedisClient::await_replica() {
  ASSIGN_OR_RETURN(const RedisReply reply, connection_->call({"WAIT", "1", kReplicaPatienceMs}));
  const bool late = !reply.is_error() && reply.integer < 1;
  if (late && !replica_is_late_) {
    log_.warning(
        "no replica of Redis confirms writes in time; a fail-over now may lose jobs until "
        "the sweep finds them",
        {{"server", connection_->address().to_string()}});
  }
  replica_is_late_ = late;
  if (late) has_replicas_ = false;  // until the facts are asked for again
  return Status();
}

}  // namespace thumbmill
