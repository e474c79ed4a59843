#include "queue/redis/job_scripts.h"

namespace thumbmill {
namespace {

// What all of them begin with. A job is a line in the hash `jobs`: six words and its caller, which
// may be any text.
constexpr const char* kPrelude = R"(
local ready, callers, jobs, leases, delayed, dead, bell =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Where a job is, by the state in its record.
local places = {ready = ready, running = leases, delayed = delayed, dead = dead}

-- Nothing when the line is not ours.
local function parse(line)
  if not line or #line > 4096 then return nil end
  local state, attempts, queued, token, round, why, caller =
    string.match(line, '^(%l+) (%d+) (%d+) (%S+) (%d+) (%S+) (.*)$')
  if not places[state] or #attempts > 9 or #queued > 15 or #round > 15 then return nil end
  return {state = state, attempts = tonumber(attempts), queued = tonumber(queued), token = token,
          round = tonumber(round), why = why, caller = caller}
end

-- Also of an id whose record is missing, or not ours: its worker looks at it.
local function new_job(caller)
  return {attempts = 0, queued = now, round = 0, why = 'ok', caller = caller}
end

local function load(id) return parse(redis.call('HGET', jobs, id)) end

local function line_of(job)
  return string.format('%s %d %.0f %s %.0f %s %s', job.state, job.attempts, job.queued, job.token,
                       job.round, job.why, job.caller)
end

local function save(id, job) redis.call('HSET', jobs, id, line_of(job)) end

-- Wakes one waiting worker. A few rings are kept for those about to wait; more would be noise.
local function ring()
  if redis.call('LLEN', bell) < 16 then redis.call('RPUSH', bell, '1') end
end

-- Others may write any score; a round fits the record.
local function round_of(score) return math.max(0, math.min(math.floor(tonumber(score)), 1e14)) end

-- Others may write a member of any size, which each script that meets it would copy. What is too
-- long to be an id of ours gives way to its beginning, which its worker names in the log.
local function beginning(id)
  if #id <= 64 then return id end
  redis.call('HDEL', jobs, id)
  return string.sub(id, 1, 64)
end

local function shortened(id, place, score)
  local short = beginning(id)
  if short ~= id then
    redis.call('ZREM', place, id)
    redis.call('ZADD', place, score, short)
  end
  return short
end

-- The round that is being delivered. Callers whose last round is over need not be remembered.
local function present_round()
  local first = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
  if not first[2] then
    redis.call('DEL', callers)
    return 0
  end
  redis.call('ZREMRANGEBYSCORE', callers, '-inf', '(' .. first[2])
  return round_of(first[2])
end

-- Behind its caller's other jobs, and so in a later round than they.
local function make_ready(id, job)
  local round = present_round()
  local last = redis.call('ZSCORE', callers, job.caller)
  if last then round = round_of(last) + 1 end
  redis.call('ZADD', callers, round, job.caller)
  redis.call('ZADD', ready, round, id)
  job.state, job.token, job.round = 'ready', '-', round
  save(id, job)
  ring()
end

local function leave_all(id)
  for _, place in pairs(places) do redis.call('ZREM', place, id) end
end

-- The job of a lease, if that is the one that holds now.
local function leased(id, token)
  local job = load(id)
  if not job or job.state ~= 'running' or job.token ~= token then return nil end
  local ends = redis.call('ZSCORE', leases, id)
  if not ends or tonumber(ends) <= now then return nil end
  return job
end
)";

constexpr const char* kEnqueue = R"(
local id, caller = ARGV[2], ARGV[3]
local job = load(id)
-- True to its record? After a partial loss of data it may be nowhere.
if job and job.state ~= 'dead' and redis.call('ZSCORE', places[job.state], id) then return 0 end
leave_all(id)
make_ready(id, new_job(caller))
return 1
)";

// Many workers' jobs done, and their next ones: what a job costs is the number of commands here.
constexpr const char* kTurn = R"(
local most, ttl, token = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local acked, given, soonest = {}, {}, nil

local ids = {}
for i = 5, #ARGV, 2 do
  local job = leased(ARGV[i], ARGV[i + 1])
  acked[#acked + 1] = job and 1 or 0
  if job then ids[#ids + 1] = ARGV[i] end
end
if #ids > 0 then
  redis.call('ZREM', leases, unpack(ids))
  redis.call('HDEL', jobs, unpack(ids))
end
if most == 0 then return {-1, acked, given} end

local wanted = most
-- Written at the end, all at once.
local records, ends = {}, {}

local function give(id, job)
  job.state, job.token, job.attempts = 'running', token, job.attempts + 1
  records[#records + 1] = id
  records[#records + 1] = line_of(job)
  ends[#ends + 1] = now + ttl
  ends[#ends + 1] = id
  given[#given + 1] = id
  given[#given + 1] = job.attempts
  given[#given + 1] = job.why
  wanted = wanted - 1
end

-- Leases longer than any may be: the server's clock has been set back. Who is alive renews.
local longest = string.format('(%.0f', now + math.max(ttl, 3600000))
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, longest, '+inf', 'LIMIT', 0, 50)) do
  redis.call('ZADD', leases, now + ttl, shortened(id, leases, now + ttl))
end

-- Leases that have ended, or were handed back: before all that is new.
for _, member in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, most)) do
  local id = shortened(member, leases, now)
  local job = load(id) or new_job('')
  if job.state == 'running' then
    give(id, job)
  else
    redis.call('ZREM', leases, id)
    if not job.state then make_ready(id, job) end
  end
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, 100)) do
  local id = shortened(member, delayed, now)
  redis.call('ZREM', delayed, id)
  local job = load(id) or new_job('')
  if not job.state or job.state == 'delayed' then make_ready(id, job) end
end

while wanted > 0 do
  local first = redis.call('ZPOPMIN', ready, wanted)
  if #first == 0 then break end
  local ids = {}
  for i = 1, #first, 2 do ids[#ids + 1] = beginning(first[i]) end
  local lines = redis.call('HMGET', jobs, unpack(ids))
  for i, id in ipairs(ids) do
    local job = parse(lines[i]) or new_job('')
    local place = places[job.state]
    if not place or place == ready or not redis.call('ZSCORE', place, id) then give(id, job) end
  end
end

if wanted < most then
  redis.call('HSET', jobs, unpack(records))
  redis.call('ZADD', leases, unpack(ends))
end

if wanted > 0 then
  -- Nothing left: old rings would only wake workers in vain.
  redis.call('DEL', bell)
  for _, key in ipairs({leases, delayed}) do
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if first[2] then
      shortened(first[1], key, first[2])
      soonest = math.min(soonest or math.huge, tonumber(first[2]))
    end
  end
elseif redis.call('ZCARD', ready) > 0 or redis.call('ZCOUNT', leases, '-inf', now) > 0 then
  ring()
end
return {soonest and math.max(0, math.min(soonest - now, 3600000)) or -1, acked, given}
)";

constexpr const char* kFind = R"(
local id = ARGV[2]
local job = load(id)
if not job then return {} end
local state = job.state
if state == 'running' or state == 'delayed' then
  local ends = redis.call('ZSCORE', state == 'running' and leases or delayed, id)
  if not ends or tonumber(ends) <= now then state = 'ready' end
end
return {state, job.attempts}
)";

constexpr const char* kForget = R"(
local id = ARGV[2]
leave_all(id)
redis.call('HDEL', jobs, id)
return 1
)";

constexpr const char* kDepth = R"(
-- Also fails where only leasing would, for a key that others have made one of another type.
redis.call('HGET', jobs, '')
redis.call('ZCARD', callers)
redis.call('LLEN', bell)

local buried = redis.call('ZCARD', dead)
local waiting = redis.call('ZCOUNT', delayed, string.format('(%.0f', now), '+inf')
local running = redis.call('ZCOUNT', leases, string.format('(%.0f', now), '+inf')
local due = redis.call('ZCOUNT', delayed, '-inf', now) + redis.call('ZCOUNT', leases, '-inf', now)
local count = redis.call('ZCARD', ready) + due
local oldest = -1

local function look_at(ids)
  if #ids == 0 then return end
  for _, line in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
    local job = parse(line)
    if job then oldest = math.max(oldest, now - job.queued) end
  end
end

-- The oldest is some caller's first, and so among the first of all, bar a crowd of callers.
if count > 0 then
  for _, key in ipairs({leases, delayed}) do
    look_at(redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, 1))
  end
  look_at(redis.call('ZRANGE', ready, 0, 99))
end
return {count, running, waiting, buried, oldest}
)";

constexpr const char* kExtend = R"(
local id, token, ttl = ARGV[2], ARGV[3], tonumber(ARGV[4])
if not leased(id, token) then return 0 end
redis.call('ZADD', leases, now + ttl, id)
return 1
)";

constexpr const char* kRetry = R"(
local id, delay = ARGV[2], tonumber(ARGV[4])
local job = leased(id, ARGV[3])
if not job then return 0 end
redis.call('ZREM', leases, id)
job.why = ARGV[5]
if ARGV[6] == '1' then job.attempts = job.attempts - 1 end
if delay > 0 then
  job.state, job.token = 'delayed', '-'
  save(id, job)
  redis.call('ZADD', delayed, now + delay, id)
else
  make_ready(id, job)
end
return 1
)";

// The lease ends now, so that the job is the next one.
constexpr const char* kHandBack = R"(
local id = ARGV[2]
local job = leased(id, ARGV[3])
if not job then return 0 end
job.attempts, job.token = job.attempts - 1, '-'
save(id, job)
redis.call('ZADD', leases, 0, id)
ring()
return 1
)";

constexpr const char* kBury = R"(
local id = ARGV[2]
local job = leased(id, ARGV[3])
if not job then return 0 end
redis.call('ZREM', leases, id)
job.state, job.token, job.why = 'dead', '-', ARGV[4]
save(id, job)
redis.call('ZADD', dead, now, id)
return 1
)";

// Redis 7 refuses such a script before it begins where it could only go wrong half-way: on a
// replica, and for lack of memory unless its flags allow that. New jobs are refused then, while
// those there can still be worked on.
enum class WithoutMemory { refused, runs };

RedisScript script(const char* body, WithoutMemory without_memory = WithoutMemory::runs) {
  const bool runs = without_memory == WithoutMemory::runs;
  return RedisScript(std::string(runs ? "#!lua flags=allow-oom" : "#!lua") + kPrelude + body);
}

}  // namespace

JobScripts::JobScripts()
    : enqueue(script(kEnqueue, WithoutMemory::refused)),
      turn(script(kTurn)),
      find(script(kFind)),
      forget(script(kForget)),
      depth(script(kDepth)),
      extend(script(kExtend)),
      retry(script(kRetry)),
      hand_back(script(kHandBack)),
      bury(script(kBury)) {}

std::vector<std::string> job_keys(const RedisOptions& options) {
  std::vector<std::string> keys;
  for (const char* name : {"ready", "callers", "jobs", "leases", "delayed", "dead", "bell"}) {
    keys.push_back(options.key(name));
  }
  return keys;
}

std::string bell_key(const RedisOptions& options) { return options.key("bell"); }

}  // namespace thumbmill
