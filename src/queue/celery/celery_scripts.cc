#include "queue/celery/celery_scripts.h"

#include <fmt/format.h>

namespace thumbmill {
namespace {

// A message that somebody works on is in the hash `unacked`, under its delivery tag, with the time
// at which it was taken as its score in `index`; kombu takes back what has been there for longer
// than the visibility timeout. Our scores are so much in the past that this comes to the end of our
// lease.
constexpr const char* kPrelude = R"(
local unacked, index, dead, refused, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local visibility, prefix = tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

-- What somebody else has written there is no note.
local function load(tag)
  local line = redis.pcall('GET', prefix .. tag)
  local token, score, tries, why
  if type(line) == 'string' then
    token, score, tries, why = string.match(line, '^(%S+) (%-?%d+%.%d+) (%d+) (%S+)$')
  end
  if not token or #tries > 9 then return {token = '-', score = '0', tries = 0, why = 'ok'} end
  return {token = token, score = score, tries = tonumber(tries), why = why}
end

-- Until when the message is ours, or nobody's.
local function place(tag, note, until_time)
  note.score = string.format('%.6f', until_time - visibility)
  redis.call('ZADD', index, note.score, tag)
  redis.call('ZADD', held, note.score, tag)
  redis.call('SET', prefix .. tag, string.format('%s %s %d %s', note.token, note.score, note.tries,
             note.why), 'EX', math.ceil(math.max(until_time - now, 0)) + visibility + 86400)
end

local function remove(tag)
  redis.call('HDEL', unacked, tag)
  redis.call('ZREM', index, tag)
  redis.call('ZREM', held, tag)
  redis.call('DEL', prefix .. tag)
end

-- The note of a lease, if that is the one that holds now: another consumer that has taken the message
-- meanwhile has set another score.
local function leased(tag, token)
  local note = load(tag)
  if note.token ~= token then return nil end
  local score = redis.call('ZSCORE', index, tag)
  if not score or tonumber(score) ~= tonumber(note.score) or tonumber(score) <= now - visibility then
    return nil
  end
  return note
end

-- What is in `unacked` is [message, exchange, routing key], as we or kombu have written it. Nothing
-- when it is anything else, or nested more deeply than the decoder goes.
local function parts_of(value)
  local is_json, parts = pcall(cjson.decode, value)
  if is_json and type(parts) == 'table' and type(parts[3]) == 'string' then return parts end
end

-- The message is cut out of it as it is: to decode and encode it would turn [] into {}.
local function message_of(value)
  local parts = parts_of(value)
  if not parts then return nil end
  for _, gap in ipairs({',', ', '}) do
    local tail = gap .. cjson.encode(parts[2]) .. gap .. cjson.encode(parts[3]) .. ']'
    if string.sub(value, -#tail) == tail then return string.sub(value, 2, -#tail - 1) end
  end
  local is_whole, message = pcall(cjson.encode, parts[1])
  return is_whole and message or nil
end

local function move(tag, list)
  local value = redis.call('HGET', unacked, tag)
  if value then redis.call('RPUSH', list, message_of(value) or value) end
  remove(tag)
end
)";

// Other queues' entries stand in `unacked`, too, and may be overdue for as long as their workers
// are away. So what we hold has an index of its own, and the rest is looked through a page at a
// time.
constexpr const char* kLease = R"(
local ttl, token, queue, sweep_from = tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local bindings, separator, most_bytes = ARGV[7], ARGV[8], tonumber(ARGV[9])
local page_size = 50

-- Whether a topic binding takes a routing key, as kombu's TopicExchange.key_to_pattern has it: `*` is
-- some text that does not end in a dot, `#` any.
local function matches(binding_key, key)
  local words = {}
  for word in string.gmatch(binding_key .. '.', '(.-)%.') do
    if word == '*' then word = '.-[^%.]' elseif word == '#' then word = '.-'
    else word = string.gsub(word, '%W', '%%%0') end
    table.insert(words, word)
  end
  return string.find(key, '^' .. table.concat(words, '%.') .. '$') ~= nil
end

-- Whether a message of this exchange and routing key is one of our queue: kombu's Channel._lookup.
-- A binding is its key, the expression that kombu makes of a topic, and the queue.
local function is_ours(exchange, key)
  if key == queue then return true end
  if type(exchange) ~= 'string' or exchange == '' then return false end
  for _, binding in ipairs(redis.pcall('SMEMBERS', bindings .. exchange)) do
    local key_end, topic_start = string.find(binding, separator, 1, true)
    local topic_end, queue_start = string.find(binding, separator, (topic_start or 0) + 1, true)
    if topic_end and string.sub(binding, queue_start + 1) == queue then
      local bound_to = string.sub(binding, 1, key_end - 1)
      if bound_to == key then return true end
      if topic_start + 1 < topic_end and matches(bound_to, key) then return true end
    end
  end
  return false
end

local function give(tag, message)
  local note = load(tag)
  note.token, note.tries = token, note.tries + 1
  place(tag, note, now + ttl)
  return {sweep_from, tag, note.tries, note.why, message, ''}
end

-- The id of a message's task, by which somebody may wait for its result.
local function id_of(message)
  local function field(of, name)
    local fields = type(message) == 'table' and message[of]
    local id = type(fields) == 'table' and fields[name]
    return type(id) == 'string' and #id <= 255 and id
  end
  return field('headers', 'id') or field('properties', 'correlation_id') or ''
end

local function refusal(message, id)
  return {sweep_from, '', 0, 'ok', string.sub(message, 1, 200), id}
end

-- Ours that are due: retries, countdowns, and what a worker of ours has died on. Another score in
-- kombu's index: somebody else has it.
local due = redis.call('ZRANGEBYSCORE', held, '-inf', now - visibility, 'WITHSCORES', 'LIMIT', 0, page_size)
for i = 1, #due, 2 do
  local tag, score = due[i], redis.call('ZSCORE', index, due[i])
  local value = score and tonumber(score) == tonumber(due[i + 1]) and redis.call('HGET', unacked, tag)
  local message = value and message_of(value)
  if message then return give(tag, message) end
  redis.call('ZREM', held, tag)
end

-- What Celery's workers have left of our queue. What cannot be read is not ours to touch, unless an
-- older version of ours has taken it.
local page = redis.call('ZRANGEBYSCORE', index, '-inf', now - visibility, 'LIMIT', sweep_from, page_size)
for _, tag in ipairs(page) do
  local value = redis.call('HGET', unacked, tag)
  local parts = value and parts_of(value)
  local message = parts and is_ours(parts[2], parts[3]) and message_of(value)
  if not value then
    redis.call('ZREM', index, tag)
  elseif message and #message > most_bytes then
    move(tag, refused)
    return refusal(message, id_of(parts[1]))
  elseif message then
    return give(tag, message)
  elseif not parts and load(tag).token ~= '-' then
    move(tag, refused)
    return refusal(value, '')
  end
end
sweep_from = #page == page_size and sweep_from + page_size or 0

-- The delivery tag of a message, and what to note in `unacked`: kombu's default exchange, whose routing
-- keys are queues, so that a worker that restores it puts it on our list again and on no other. Where it was
-- published to stays in the message. No tag, but perhaps the task's id, when it is too large, no message,
-- or could not be read there any more.
local function read(message)
  local is_json, parts = pcall(cjson.decode, message)
  local properties = is_json and type(parts) == 'table' and parts.properties
  local tag = type(properties) == 'table' and properties.delivery_tag
  local value = '[' .. message .. ',"",' .. cjson.encode(queue) .. ']'
  if #message > most_bytes or type(tag) ~= 'string' or tag == '' or not parts_of(value) then
    return nil, is_json and id_of(parts) or ''
  end
  return tag, value
end

-- Off its list a message goes last: a script that fails half-way loses none.
for i = 6, #KEYS do
  local message = redis.call('LINDEX', KEYS[i], -1)
  if message then
    local tag, value = read(message)
    if not tag then
      redis.call('LMOVE', KEYS[i], refused, 'RIGHT', 'RIGHT')
      return refusal(message, value)
    end
    redis.call('HSET', unacked, tag, value)
    local given = give(tag, message)
    redis.call('RPOP', KEYS[i])
    return given
  end
end
return {sweep_from}
)";

constexpr const char* kExtend = R"(
local tag, token, ttl = ARGV[3], ARGV[4], tonumber(ARGV[5])
local note = leased(tag, token)
if not note then return 0 end
place(tag, note, now + ttl)
return 1
)";

constexpr const char* kAck = R"(
if not leased(ARGV[3], ARGV[4]) then return 0 end
remove(ARGV[3])
return 1
)";

constexpr const char* kRetry = R"(
local tag, delay = ARGV[3], tonumber(ARGV[5])
local note = leased(tag, ARGV[4])
if not note then return 0 end
note.token, note.why = '-', ARGV[6]
if ARGV[7] == '1' then note.tries = note.tries - 1 end
place(tag, note, now + delay)
return 1
)";

constexpr const char* kHandBack = R"(
local tag = ARGV[3]
local note = leased(tag, ARGV[4])
if not note then return 0 end
note.token, note.tries = '-', note.tries - 1
place(tag, note, now)
return 1
)";

constexpr const char* kBury = R"(
if not leased(ARGV[3], ARGV[4]) then return 0 end
move(ARGV[3], dead)
return 1
)";

constexpr const char* kRefuse = R"(
if not leased(ARGV[3], ARGV[4]) then return 0 end
move(ARGV[3], refused)
return 1
)";

constexpr const char* kLengths = R"(#!lua flags=no-writes
local found = {}
for _, list in ipairs(KEYS) do
  local length = redis.pcall('LLEN', list)
  if type(length) == 'number' and length > 0 then table.insert(found, {list, length}) end
end
return found
)";

RedisScript script(const char* body) {
  return RedisScript(std::string("#!lua flags=allow-oom") + kPrelude + body);
}

}  // namespace

CeleryScripts::CeleryScripts()
    : lease(script(kLease)),
      extend(script(kExtend)),
      ack(script(kAck)),
      retry(script(kRetry)),
      hand_back(script(kHandBack)),
      bury(script(kBury)),
      refuse(script(kRefuse)),
      lengths(kLengths) {}

std::vector<std::string> celery_keys(const CeleryOptions& options) {
  const std::string queue = options.key_prefix + options.queue;
  std::vector<std::string> keys = {options.key_prefix + "unacked",
                                   options.key_prefix + "unacked_index", queue + ".dead",
                                   queue + ".refused", queue + ".held"};
  const auto lists = celery_lists(options, options.priority_steps, options.separator);
  keys.insert(keys.end(), lists.begin(), lists.end());
  return keys;
}

// kombu.transport.redis: Channel._q_for_pri.
std::vector<std::string> celery_lists(const CeleryOptions& options, const std::vector<int>& steps,
                                      std::string_view separator) {
  const std::string queue = options.key_prefix + options.queue;
  std::vector<std::string> lists;
  for (const int step : steps) {
    lists.push_back(step == 0 ? queue : fmt::format("{}{}{}", queue, separator, step));
  }
  return lists;
}

std::string celery_lease_prefix(const CeleryOptions& options) {
  return options.key_prefix + "thumbmill:celery:";
}

std::string celery_binding_prefix(const CeleryOptions& options) {
  return options.key_prefix + "_kombu.binding.";
}

}  // namespace thumbmill
