#include "queue/redis/redis_queue.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/secret.h"
#include "redis/rights.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// A waiting worker looks by itself so often, should a ring of the bell have been lost.
constexpr milliseconds kLookEvery{2'000};

// A script of Redis can take some thousand values apart at once.
constexpr std::size_t kMostLeases = 1'000;
// Calls of lease() and ack() that go together.
constexpr std::size_t kMostTurns = 128;

std::optional<QueuedState> state_from_name(std::string_view name) {
  if (name == "ready") return QueuedState::ready;
  if (name == "running") return QueuedState::running;
  if (name == "delayed") return QueuedState::delayed;
  if (name == "dead") return QueuedState::dead;
  return std::nullopt;
}

Status strange_answer(std::string_view to) {
  return Status(Code::internal, fmt::format("Redis answers something strange to \"{}\"", to));
}

Status lease_lost(const LeaseTicket& ticket) {
  return Status(Code::lease_lost, fmt::format("job {} belongs to another worker now", ticket.id));
}

}  // namespace

Result<std::unique_ptr<RedisQueue>> RedisQueue::open(RedisOptions options, Clock& clock,
                                                     Random& random, Logger& log,
                                                     RedisQueueTuning tuning) {
  if (options.prefix.empty() || options.prefix.find_first_of("{}") != std::string::npos) {
    return Status(Code::invalid_argument, "the prefix of the Redis keys is empty or has a brace");
  }
  return std::unique_ptr<RedisQueue>(
      new RedisQueue(std::move(options), clock, random, log, tuning));
}

RedisQueue::RedisQueue(RedisOptions options, Clock& clock, Random& random, Logger& log,
                       RedisQueueTuning tuning)
    : tuning_(tuning),
      keys_(job_keys(options)),
      clock_(clock),
      connector_(std::move(options)),
      client_(connector_, SettingsCheck::warns, clock, log),
      bell_(connector_, bell_key(connector_.options()), clock, random, log),
      turns_(kMostTurns, [this](const auto& turns) { take_turns(turns); }) {}

Result<RedisReply> RedisQueue::run(const RedisScript& script, std::vector<std::string> arguments,
                                   const OpContext& context, Replicated replicated) {
  std::string now;
  if (tuning_.time == RedisTime::own_clock) {
    const auto since_start = clock_.now().time_since_epoch();
    now = std::to_string(std::chrono::duration_cast<milliseconds>(since_start).count());
  }
  arguments.insert(arguments.begin(), std::move(now));
  return client_.eval(script, keys_, arguments, context, replicated);
}

Result<bool> RedisQueue::enqueue(std::string_view id, std::string_view caller,
                                 const OpContext& context) {
  ASSIGN_OR_RETURN(
      const RedisReply reply,
      run(scripts_.enqueue, {std::string(id), std::string(caller)}, context, Replicated::wanted));
  return reply.integer == 1;
}

void RedisQueue::take_turns(const std::vector<Turn*>& turns) {
  std::vector<Turn*> acks;
  std::vector<Turn*> left;
  for (Turn* turn : turns) (turn->done != nullptr ? acks : left).push_back(turn);
  while (!acks.empty() || !left.empty()) {
    std::vector<Turn*> together;
    std::vector<Turn*> later;
    std::size_t most = 0;
    for (Turn* turn : left) {
      const bool fits = together.empty() ||
                        (turn->ttl == together.front()->ttl && most + turn->most <= kMostLeases);
      if (fits) most += turn->most;
      (fits ? together : later).push_back(turn);
    }
    const Status status = take_together(acks, together);
    if (!status.ok()) {
      for (Turn* turn : acks) turn->status = status;
      for (Turn* turn : together) turn->status = status;
    }
    acks.clear();
    left = std::move(later);
  }
}

Status RedisQueue::take_together(const std::vector<Turn*>& acks, const std::vector<Turn*>& leases) {
  std::size_t most = 0;
  for (const Turn* turn : leases) most += turn->most;
  const milliseconds ttl = leases.empty() ? milliseconds(0) : leases.front()->ttl;
  const SteadyTime asked_at = clock_.now();  // the lease's time begins later: on the safe side
  const std::string token = new_secret_hex(8);
  std::vector<std::string> arguments = {std::to_string(most), std::to_string(ttl.count()), token};
  for (const Turn* turn : acks) {
    arguments.insert(arguments.end(), {turn->done->id, turn->done->token});
  }
  // Not given up at a stop or a deadline: leases that nobody has would have to run out.
  ASSIGN_OR_RETURN(const RedisReply reply, run(scripts_.turn, std::move(arguments), OpContext{},
                                               acks.empty() ? Replicated::no : Replicated::wanted));
  if (reply.list.size() != 3 || reply.list[1].list.size() != acks.size() ||
      reply.list[2].list.size() % 3 != 0) {
    return strange_answer("turn");
  }
  for (std::size_t i = 0; i < acks.size(); ++i) {
    if (reply.list[1].list[i].integer != 1) acks[i]->status = lease_lost(*acks[i]->done);
  }
  const std::vector<RedisReply>& given = reply.list[2].list;
  std::size_t next = 0;
  for (Turn* turn : leases) {
    if (reply.list[0].integer >= 0) {
      turn->claim.next_event = asked_at + milliseconds(reply.list[0].integer);
    }
    for (; next < given.size() && turn->claim.leases.size() < turn->most; next += 3) {
      LeaseTicket ticket{given[next].text, token, static_cast<int>(given[next + 1].integer),
                         code_from_name(given[next + 2].text).value_or(Code::internal), asked_at};
      turn->claim.leases.emplace_back(std::move(ticket), *this);
    }
  }
  return Status();
}

Result<std::vector<Lease>> RedisQueue::lease(std::size_t most, milliseconds ttl, milliseconds wait,
                                             const OpContext& context) {
  const SteadyTime deadline = std::min(context.deadline, clock_.now() + wait);
  while (most > 0 && !context.stop.stop_requested()) {
    const SteadyTime look_again = clock_.now() + kLookEvery;
    Turn turn{.most = std::min(most, kMostLeases), .ttl = ttl};
    turns_.run(turn);
    RETURN_IF_ERROR(turn.status);
    if (!turn.claim.leases.empty() || clock_.now() >= deadline) return std::move(turn.claim.leases);
    bell_.wait(std::min({deadline, turn.claim.next_event, look_again}), context);
  }
  return std::vector<Lease>();
}

Result<std::optional<QueuedJob>> RedisQueue::find(std::string_view id, const OpContext& context) {
  ASSIGN_OR_RETURN(const RedisReply reply, run(scripts_.find, {std::string(id)}, context));
  if (reply.list.empty()) return std::optional<QueuedJob>();
  const auto state = state_from_name(reply.list[0].text);
  if (!state || reply.list.size() != 2) return strange_answer("find");
  return std::optional(QueuedJob{*state, static_cast<int>(reply.list[1].integer)});
}

Status RedisQueue::forget(std::string_view id, const OpContext& context) {
  return run(scripts_.forget, {std::string(id)}, context, Replicated::wanted).status();
}

Result<QueueDepth> RedisQueue::depth(const OpContext& context) {
  ASSIGN_OR_RETURN(const RedisReply reply, run(scripts_.depth, {}, context));
  if (reply.list.size() != 5) return strange_answer("depth");
  const auto number = [&](std::size_t i) {
    return static_cast<std::uint64_t>(reply.list[i].integer);
  };
  QueueDepth depth;
  depth.ready = number(0);
  depth.running = number(1);
  depth.delayed = number(2);
  depth.dead = number(3);
  if (reply.list[4].integer >= 0) depth.oldest_age = milliseconds(reply.list[4].integer);
  return depth;
}

Status RedisQueue::check(const OpContext& context) {
  RETURN_IF_ERROR(check_rights(client_, connector_.options(), context));
  return depth(context).status();
}

Status RedisQueue::settle(const RedisScript& script, const LeaseTicket& ticket,
                          std::vector<std::string> arguments, const OpContext& context,
                          Replicated replicated) {
  arguments.insert(arguments.begin(), {ticket.id, ticket.token});
  ASSIGN_OR_RETURN(const RedisReply reply, run(script, std::move(arguments), context, replicated));
  if (reply.integer == 1) return Status();
  return lease_lost(ticket);
}

Status RedisQueue::extend(const LeaseTicket& ticket, milliseconds ttl, const OpContext& context) {
  return settle(scripts_.extend, ticket, {std::to_string(ttl.count())}, context, Replicated::no);
}

Status RedisQueue::ack(const LeaseTicket& ticket, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  Turn turn{.done = &ticket};
  turns_.run(turn);
  return turn.status;
}

Status RedisQueue::retry(const LeaseTicket& ticket, milliseconds delay, Code why, AttemptCost cost,
                         const OpContext& context) {
  return settle(scripts_.retry, ticket,
                {std::to_string(delay.count()), std::string(code_name(why)),
                 cost == AttemptCost::free ? "1" : "0"},
                context);
}

Status RedisQueue::hand_back(const LeaseTicket& ticket, const OpContext& context) {
  return settle(scripts_.hand_back, ticket, {}, context);
}

Status RedisQueue::bury(const LeaseTicket& ticket, Code why, const OpContext& context) {
  return settle(scripts_.bury, ticket, {std::string(code_name(why))}, context);
}

}  // namespace thumbmill
