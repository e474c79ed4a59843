#include "queue/redis/job_scripts.h"

namespace thumbmill {
namespace {

// What all of them begin with. A job is a line of six words in the hash `jobs`.
constexpr const char* kPrelude = R"(
local stream, jobs, leases, delayed, dead, bell =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local group = 'workers'
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Nothing when the line is none of ours.
local function parse(line)
  if not line then return nil end
  local state, attempts, queued, token, entry, why =
    string.match(line, '^(%l+) (%d+) (%d+) (%S+) (%S+) (%S+)$')
  if not state or #attempts > 9 or #queued > 15 then return nil end
  if state == 'ready' or state == 'running' then
    local time, number = string.match(entry, '^(%d+)%-(%d+)$')
    if not time or #time > 19 or #number > 19 then return nil end
  elseif entry ~= '-' or (state ~= 'delayed' and state ~= 'dead') then
    return nil
  end
  return {state = state, attempts = tonumber(attempts), queued = tonumber(queued), token = token,
          entry = entry, why = why}
end

-- Of a job whose record is missing, or none of ours: it is delivered, and its worker looks at it.
local function new_job(entry)
  return {attempts = 0, queued = now, why = 'ok', entry = entry or '-'}
end

local function load(id) return parse(redis.call('HGET', jobs, id)) end

local function line_of(job)
  return string.format('%s %d %.0f %s %s %s', job.state, job.attempts, job.queued, job.token,
                       job.entry, job.why)
end

local function save(id, job) redis.call('HSET', jobs, id, line_of(job)) end

-- Wakes one waiting worker. A few rings are kept for those about to wait; more would be noise.
local function ring()
  if redis.call('LLEN', bell) < 16 then redis.call('RPUSH', bell, '1') end
end

-- Calls a command of the group, which is made when it is not there: at first, after FLUSHALL, or
-- after a fail-over that lost it. From '0', so that it delivers what is in the stream already.
local function with_group(...)
  local answer = redis.pcall(...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if string.find(answer.err, 'NOGROUP', 1, true) then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  end
  return redis.call(...)
end

local function make_ready(id, job)
  job.state, job.token = 'ready', '-'
  job.entry = redis.call('XADD', stream, '*', 'id', id)
  save(id, job)
  ring()
end

local function leave_stream(id, job)
  if job.entry ~= '-' then
    redis.call('XACK', stream, group, job.entry)
    redis.call('XDEL', stream, job.entry)
  end
  redis.call('ZREM', leases, id)
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
local id = ARGV[2]
local job = load(id)
if job and job.state ~= 'dead' then
  -- True to its record? After a partial loss of data it may be nowhere.
  local placed
  if job.state == 'ready' then
    placed = #redis.call('XRANGE', stream, job.entry, job.entry) == 1
  else
    placed = redis.call('ZSCORE', job.state == 'delayed' and delayed or leases, id)
  end
  if placed then return 0 end
  leave_stream(id, job)
end
redis.call('ZREM', dead, id)
make_ready(id, new_job())
return 1
)";

// Many workers' jobs done, and their next ones: what a job costs is the number of commands here.
constexpr const char* kTurn = R"(
local most, ttl, token, consumer = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local acked, given, soonest = {}, {}, nil

local ids, entries = {}, {}
for i = 6, #ARGV, 2 do
  local job = leased(ARGV[i], ARGV[i + 1])
  acked[#acked + 1] = job and 1 or 0
  if job then
    ids[#ids + 1] = ARGV[i]
    entries[#entries + 1] = job.entry
  end
end
if #ids > 0 then
  redis.call('XACK', stream, group, unpack(entries))
  redis.call('XDEL', stream, unpack(entries))
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
  redis.call('ZADD', leases, now + ttl, id)
end

-- Leases that have ended: the entry is pending still and keeps its place before all new ones.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, most)) do
  local job = load(id) or new_job()
  local placed = job.state == 'running' and
    #with_group('XCLAIM', stream, group, consumer, 0, job.entry, 'JUSTID') == 1
  if placed then
    give(id, job)
  elseif job.state and job.state ~= 'running' then
    redis.call('ZREM', leases, id)
  else
    leave_stream(id, job)
    make_ready(id, job)
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', delayed, id)
  local job = load(id) or new_job()
  if not job.state or job.state == 'delayed' then make_ready(id, job) end
end

local seen = {}
while wanted > 0 do
  local read = with_group('XREADGROUP', 'GROUP', group, consumer, 'COUNT', wanted,
                          'STREAMS', stream, '>')
  if not read then break end
  local items, ids = read[1][2], {}
  for i, item in ipairs(items) do ids[i] = item[2][2] end
  local lines = redis.call('HMGET', jobs, unpack(ids))
  for i, item in ipairs(items) do
    local entry, id = item[1], ids[i]
    local job = parse(lines[i]) or new_job(entry)
    if job.entry ~= entry or seen[id] then
      redis.call('XACK', stream, group, entry)
      redis.call('XDEL', stream, entry)
    elseif job.state ~= 'running' or not redis.call('ZSCORE', leases, id) then
      give(id, job)
    end
    seen[id] = true
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
    if first[2] and (not soonest or tonumber(first[2]) < soonest) then
      soonest = tonumber(first[2])
    end
  end
elseif redis.call('XLEN', stream) > redis.call('ZCOUNT', leases, now, '+inf') then
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
leave_stream(id, load(id) or new_job())
redis.call('ZREM', delayed, id)
redis.call('ZREM', dead, id)
redis.call('HDEL', jobs, id)
return 1
)";

constexpr const char* kDepth = R"(
local buried = redis.call('ZCARD', dead)
local waiting = redis.call('ZCOUNT', delayed, string.format('(%.0f', now), '+inf')
local running = redis.call('ZCOUNT', leases, string.format('(%.0f', now), '+inf')
local due = redis.call('ZCOUNT', delayed, '-inf', now)
local ready = math.max(0, redis.call('XLEN', stream) + due - running)
local oldest = -1

local function look_at(id)
  local job = load(id)
  if job then oldest = math.max(oldest, now - job.queued) end
end

if ready > 0 then
  for _, key in ipairs({leases, delayed}) do
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, 1)) do
      look_at(id)
    end
  end
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  for _, fields in ipairs(groups) do
    local facts = {}
    for i = 1, #fields, 2 do facts[fields[i]] = fields[i + 1] end
    if facts.name == group then
      local first = redis.call('XRANGE', stream, '(' .. facts['last-delivered-id'], '+',
                               'COUNT', 1)
      if first[1] then look_at(first[1][2][2]) end
    end
  end
end
return {ready, running, waiting, buried, oldest}
)";

constexpr const char* kExtend = R"(
local id, token, ttl, consumer = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local job = leased(id, token)
if not job then return 0 end
redis.call('ZADD', leases, now + ttl, id)
-- For whoever looks at the group: not idle.
with_group('XCLAIM', stream, group, consumer, 0, job.entry, 'JUSTID')
return 1
)";

constexpr const char* kRetry = R"(
local id, delay = ARGV[2], tonumber(ARGV[4])
local job = leased(id, ARGV[3])
if not job then return 0 end
leave_stream(id, job)
job.why = ARGV[5]
if ARGV[6] == '1' then job.attempts = job.attempts - 1 end
if delay > 0 then
  job.state, job.token, job.entry = 'delayed', '-', '-'
  save(id, job)
  redis.call('ZADD', delayed, now + delay, id)
else
  make_ready(id, job)
end
return 1
)";

// The lease ends now and the entry stays pending, so that the job is the next one.
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
leave_stream(id, job)
job.state, job.token, job.entry, job.why = 'dead', '-', '-', ARGV[4]
save(id, job)
redis.call('ZADD', dead, now, id)
return 1
)";

constexpr const char* kTend = R"(
local consumer, idle, cursor, gone_after = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local page = with_group('XAUTOCLAIM', stream, group, consumer, idle, cursor, 'COUNT', 50)
for _, item in ipairs(page[2]) do
  local entry, id = item[1], item[2][2]
  local job = load(id)
  if job and job.entry ~= entry then
    redis.call('XACK', stream, group, entry)
    redis.call('XDEL', stream, entry)
  elseif not job or not redis.call('ZSCORE', leases, id) then
    job = job or new_job(entry)
    job.state, job.token = 'running', '-'
    save(id, job)
    redis.call('ZADD', leases, 0, id)
    ring()
  end
end
if page[1] == '0-0' then
  for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
    local facts = {}
    for i = 1, #fields, 2 do facts[fields[i]] = fields[i + 1] end
    if facts.pending == 0 and facts.idle > gone_after and facts.name ~= consumer then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, facts.name)
    end
  end
end
return page[1]
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
      bury(script(kBury)),
      tend(script(kTend)) {}

std::vector<std::string> job_keys(const RedisOptions& options) {
  std::vector<std::string> keys;
  for (const char* name : {"queue", "jobs", "leases", "delayed", "dead", "bell"}) {
    keys.push_back(options.key(name));
  }
  return keys;
}

std::string bell_key(const RedisOptions& options) { return options.key("bell"); }

}  // namespace thumbmill
