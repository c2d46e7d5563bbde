-- The failed log-ins and the log-ins under way of one counter, and the lock they have brought about.
--
-- Failures and attempts under way together are at most as many as lock, but for failures that a known
-- network adds to the account's counter. Failures are remembered until `lock_for` after the last one. While
-- the counter is locked nothing is counted, so that a lock never grows longer. Instants and lengths of time
-- are in microseconds: exact in a double until the year 2255.
--
-- As text: "failures=T,T under_way=T lock=AT,UNTIL rule=LIMIT,LOCK_FOR,ATTEMPT_TIMEOUT".

local function micros(number)
  return string.format('%.0f', number)
end

local function join(numbers)
  local texts = {}
  for index, number in ipairs(numbers) do
    texts[index] = micros(number)
  end
  return table.concat(texts, ',')
end

local function read_counter(text)
  local parts = {}
  for name, list in string.gmatch(text or '', '([%a_]+)=(%S*)') do
    parts[name] = {}
    for number in string.gmatch(list, '[^,]+') do
      table.insert(parts[name], tonumber(number))
    end
  end
  local lock, rule = parts.lock or {}, parts.rule or {}
  return {
    failures = parts.failures or {},
    under_way = parts.under_way or {},
    lock = lock[2] and { at = lock[1], till = lock[2] },
    rule = rule[3] and { limit = rule[1], lock_for = rule[2], attempt_timeout = rule[3] },
  }
end

-- The counter as text; false when there is nothing to remember.
local function write_counter(counter)
  local lock, rule = counter.lock, counter.rule
  if not rule or (#counter.failures == 0 and #counter.under_way == 0 and not lock) then
    return false
  end
  return 'failures=' .. join(counter.failures)
    .. ' under_way=' .. join(counter.under_way)
    .. ' lock=' .. (lock and join({ lock.at, lock.till }) or '')
    .. ' rule=' .. join({ rule.limit, rule.lock_for, rule.attempt_timeout })
end

-- When the failures and the lock are over, if nothing more happens; nil when there are none.
local function failures_over_at(counter)
  if counter.lock then
    return counter.lock.till
  end
  local last = counter.failures[#counter.failures]
  return last and counter.rule and last + counter.rule.lock_for
end

-- When there is nothing left to remember; nil when there is nothing now.
local function counter_over_at(counter)
  local over = failures_over_at(counter)
  local began = counter.under_way[#counter.under_way]
  local timed_out = began and counter.rule and began + counter.rule.attempt_timeout + counter.rule.lock_for
  return over and timed_out and math.max(over, timed_out) or over or timed_out
end

local function lock_if_reached(counter, at)
  local reached = #counter.failures >= counter.rule.limit
  if reached then
    counter.lock = { at = at, till = at + counter.rule.lock_for }
  end
  return reached
end

local function forget(counter, now)
  if counter.lock and counter.lock.till <= now then
    counter.lock = nil
    counter.failures = {}
  end
  local last = counter.failures[#counter.failures]
  if not counter.lock and last and last + counter.rule.lock_for <= now then
    counter.failures = {}
  end
end

-- Lets everything happen that time alone brings about: attempts time out, failures are forgotten.
local function settle(counter, now)
  if not counter.rule then
    return
  end
  while counter.under_way[1] and counter.under_way[1] + counter.rule.attempt_timeout <= now do
    local timed_out = table.remove(counter.under_way, 1) + counter.rule.attempt_timeout
    forget(counter, timed_out)
    if not counter.lock then
      table.insert(counter.failures, timed_out)
      lock_if_reached(counter, timed_out)
    end
  end
  forget(counter, now)
  -- The rule can have become stricter since the failures were counted.
  if not counter.lock and #counter.failures > 0 then
    lock_if_reached(counter, counter.failures[#counter.failures])
  end
end

-- Drops everything from before an instant.
local function void(counter, before)
  local function kept(instants)
    local result = {}
    for _, at in ipairs(instants) do
      if at >= before then
        table.insert(result, at)
      end
    end
    return result
  end
  counter.failures = kept(counter.failures)
  counter.under_way = kept(counter.under_way)
  if counter.lock and counter.lock.at < before then
    counter.lock = nil
  end
end

-- Admits one more attempt if it could fail without passing the limit.
local function begin(counter, void_before, now)
  void(counter, void_before)
  settle(counter, now)
  if counter.lock then
    return { 'locked', counter.lock.till }
  end
  if #counter.failures + #counter.under_way >= counter.rule.limit then
    return { 'busy', false }
  end
  table.insert(counter.under_way, now)
  return { 'admitted', false }
end

-- Attempts have no names: whichever ends is taken for the one that began first.
local function take_back(counter)
  table.remove(counter.under_way, 1)
end

local function count_failure(counter, now)
  settle(counter, now)
  local just_locked = false
  if not counter.lock then
    table.insert(counter.failures, now)
    just_locked = lock_if_reached(counter, now)
  end
  return { #counter.failures, counter.lock and counter.lock.till or false, just_locked and 1 or 0 }
end

-- How the counter would be judged by; whoever asks writes nothing back.
local function standing(counter, void_before, now)
  void(counter, void_before)
  settle(counter, now)
  return { #counter.failures, counter.lock and counter.lock.till or false, 0 }
end

local function clear(counter)
  counter.failures = {}
  counter.lock = nil
end
