-- KEYS: the account's count of failures, which operators read, set and delete; the log of the address.
-- ARGV: operation, the log's field of a known network or '', now; and for `begin`, `fail` and `standing` the
-- rule's limit, lock_for and attempt_timeout; and for `begin` and `standing` void_before.

local operation, network, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local rule = ARGV[6] and {
  limit = tonumber(ARGV[4]), lock_for = tonumber(ARGV[5]), attempt_timeout = tonumber(ARGV[6]),
}
-- How much sooner than its instant a key can go because clocks differ, without anybody having deleted it.
local CLOCKS_DIFFER = 2000000
-- How many failures are believed of a count that was set by hand while no rule is known.
local MOST_BELIEVED = 1000

local function read_log()
  local log = redis.pcall('HMGET', KEYS[2], 'account', 'count_until', network)
  if log.err then
    redis.call('DEL', KEYS[2])
    return {}
  end
  return log
end

-- The count as the operator sees it, 0 when there is none, and for how many milliseconds more.
local function read_count()
  local count = redis.pcall('GET', KEYS[1])
  if type(count) == 'table' then
    redis.call('DEL', KEYS[1])
    return 0, -2
  end
  count = math.floor(tonumber(count or '') or 0)
  return math.max(count, 0), redis.call('PTTL', KEYS[1])
end

-- Believes a count that is higher than the log says: the log was lost, or somebody has set the count.
local function adopt(account, count, milliseconds)
  local known = account.rule
  local most = known and math.max(known.limit, #account.failures) or MOST_BELIEVED
  local ends_at = milliseconds >= 0 and now + milliseconds * 1000
  local locks = known and count >= known.limit and not account.lock
  local at = now
  if known and ends_at and not locks then
    at = math.min(now, ends_at - known.lock_for)
  end
  for _ = #account.failures + 1, math.min(count, most) do
    table.insert(account.failures, at)
  end
  table.sort(account.failures)
  if locks then
    account.lock = { at = now, till = ends_at or now + known.lock_for }
  end
end

-- Believes a count that is lower than the log says: somebody has set it.
local function forgive(account, count)
  while #account.failures > count do
    table.remove(account.failures, 1)
  end
  account.lock = nil
end

local log = read_log()
local count, milliseconds = read_count()
local account = read_counter(log[1])
account.rule = rule or account.rule

-- A count that went before its time was deleted, which clears every counter of the address.
local count_until = tonumber(log[2] or '')
if count == 0 and count_until and now < count_until - CLOCKS_DIFFER then
  redis.call('DEL', KEYS[2])
  log, account = {}, read_counter(nil)
  account.rule = rule
end
if count > #account.failures then
  adopt(account, count, milliseconds)
elseif count < #account.failures then
  forgive(account, count)
end

local counter = account
if network ~= '' then
  counter = read_counter(log[3])
  counter.rule = rule or counter.rule
end
if operation == 'standing' then
  return standing(counter, tonumber(ARGV[7]), now)
end
local counted, until_before = #account.failures, failures_over_at(account)

local answer = 1
if operation == 'begin' then
  answer = begin(counter, tonumber(ARGV[7]), now)
elseif operation == 'fail' then
  if network ~= '' then
    count_failure(account, now)
  end
  take_back(counter)
  answer = count_failure(counter, now)
elseif operation == 'succeed' then
  take_back(counter)
  settle(counter, now)
  clear(counter)
  if network ~= '' and account.rule then
    settle(account, now)
    if not account.lock then
      clear(account)
    end
  end
elseif operation == 'withdraw' then
  take_back(counter)
end

-- The shortest that a key may live, in whole milliseconds.
local function lifetime(over_at)
  return math.max(math.ceil((over_at - now) / 1000), 1)
end

local function write_field(name, text)
  if text then
    redis.call('HSET', KEYS[2], name, text)
  else
    redis.call('HDEL', KEYS[2], name)
  end
end

local over_at = failures_over_at(account)
-- A full server refuses a script before its first write or not at all: what was admitted is written first.
write_field(network ~= '' and network or 'account', write_counter(counter))
if network ~= '' then
  write_field('account', write_counter(account))
end
write_field('count_until', #account.failures > 0 and over_at and micros(over_at))
if #account.failures == 0 then
  redis.call('DEL', KEYS[1])
elseif over_at and (#account.failures ~= counted or over_at ~= until_before or milliseconds == -1) then
  redis.call('SET', KEYS[1], micros(#account.failures), 'PX', micros(lifetime(over_at)))
end

local log_over_at = math.max(counter_over_at(account) or now, counter_over_at(counter) or now)
if redis.call('PTTL', KEYS[2]) < lifetime(log_over_at) then
  redis.call('PEXPIRE', KEYS[2], micros(lifetime(log_over_at)))
end
return answer
