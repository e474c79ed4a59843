// RedisClient: runs commands and scripts for many threads on one connection. Commands that wait at
// the same time are sent together (pipelining), by whichever of their threads comes first; there is
// no thread of its own. Connects when needed; tells its caller when it cannot, and retries only
// what a server has refused to begin (MOVED, READONLY, NOSCRIPT).
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/gatherer.h"
#include "base/log.h"
#include "base/op_context.h"
#include "redis/connector.h"

namespace thumbmill {

/// A Lua script. Immutable.
struct RedisScript {
  explicit RedisScript(std::string text);
  const std::string source;
  const std::string sha1;  ///< by which servers remember it
};

/// Whether a replica, where there is one, must have a write before it counts as done. One that
/// does not answer in time is skipped, which is logged.
enum class Replicated { no, wanted };

/// Whether a server that is reached for the first time is asked for its settings, and warned of.
enum class SettingsCheck { none, warns };

/// Thread-safe. `connector`, `clock` and `log` outlive it.
class RedisClient {
 public:
  RedisClient(RedisConnector& connector, SettingsCheck settings_check, const Clock& clock,
              Logger& log);

  /// The server's answer to one command. An error reply becomes a failure (status_of); so does a
  /// server that is away: unavailable, with the command run or not. deadline_exceeded and cancelled
  /// only before it is sent.
  Result<RedisReply> run(const RedisCommand& command, const OpContext& context,
                         Replicated replicated = Replicated::no);

  /// The same for a script, by its SHA-1, or whole where the server does not know it.
  Result<RedisReply> eval(const RedisScript& script, const std::vector<std::string>& keys,
                          const std::vector<std::string>& arguments, const OpContext& context,
                          Replicated replicated = Replicated::no);

 private:
  struct Operation {
    const RedisCommand& command;
    bool replicated;
    Status status = {};
    RedisReply reply = {};
    bool answered = false;  // reply is the server's
  };

  /// The reply, errors included, after following at most one redirect.
  Result<RedisReply> ask(const RedisCommand& command, Replicated replicated);
  Result<RedisReply> send_with_others(const RedisCommand& command, Replicated replicated);
  void run_group(const std::vector<Operation*>& group);
  Status run_on_connection(const std::vector<Operation*>& group);
  Status ensure_connected();
  Status await_replica();

  RedisConnector& connector_;
  const SettingsCheck settings_check_;
  const Clock& clock_;
  Logger& log_;

  // Of the sending thread, one at a time.
  std::optional<RedisConnection> connection_;
  std::optional<std::string> known_run_id_;
  bool has_replicas_ = false;
  bool replica_is_late_ = false;
  SteadyTime ask_facts_at_{};
  SteadyTime refuse_until_{};
  Status refusal_;

  Gatherer<Operation> gatherer_;
};

}  // namespace thumbmill
