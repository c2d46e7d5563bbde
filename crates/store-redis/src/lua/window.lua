-- The requests of one key within a window's length, as text: "began=B LAST:COUNT LAST:COUNT ...".
--
-- A log of requests in which those close together are one stretch that counts as if all had come with its
-- last: so the number in a window is never taken for less than it is. A quota of at most STRETCHES requests
-- is counted exactly. Instants are in microseconds since 1970: exact in a double until the year 2255.

local STRETCHES = 16
-- A window of a second must not be lost because a replica was slow for as long.
local SHORTEST_EXPIRY = 10000

local function micros(number)
  return string.format('%.0f', number)
end

-- The stretches within the window, oldest first, and when the newest began.
local function read_window(key, window, now)
  local text = redis.pcall('GET', key)
  local stretches = {}
  if type(text) ~= 'string' then
    return stretches, nil
  end
  for last, count in string.gmatch(text, '(%-?%d+):(%d+)') do
    if #stretches > 0 or tonumber(last) + window > now then
      stretches[#stretches + 1] = { last = tonumber(last), count = tonumber(count) }
    end
  end
  return stretches, tonumber(string.match(text, '^began=(%-?%d+)') or '')
end

local function write_window(key, stretches, began, window, now)
  local parts = { 'began=' .. micros(began) }
  for index, stretch in ipairs(stretches) do
    parts[index + 1] = micros(stretch.last) .. ':' .. micros(stretch.count)
  end
  local expiry = math.ceil((stretches[#stretches].last + window - now) / 1000)
  redis.call('SET', key, table.concat(parts, ' '), 'PX', micros(math.max(expiry, SHORTEST_EXPIRY)))
end

-- Records one request; the log never runs backwards, though clocks differ a little.
local function record(stretches, began, limit, window, now)
  local newest = stretches[#stretches]
  local at = newest and math.max(newest.last, now) or now
  local length = limit <= STRETCHES and 0 or window / STRETCHES
  if newest and (at == newest.last or at - (began or at) < length) then
    newest.last = at
    newest.count = newest.count + 1
    return began or at
  end
  stretches[#stretches + 1] = { last = at, count = 1 }
  return at
end

-- When so many stretches have left the window that one request more is within the quota.
local function retry_at(stretches, used, limit, window, now)
  for _, stretch in ipairs(stretches) do
    used = used - stretch.count
    if used < limit then
      return stretch.last + window
    end
  end
  return now + window
end

-- How the budget stands after one request was taken if there was one left, or only asked for:
-- { allowed, remaining, resets_at, retry_at or false }.
local function charge(key, limit, window, now, take)
  local stretches, began = read_window(key, window, now)
  local used = 0
  for _, stretch in ipairs(stretches) do
    used = used + stretch.count
  end
  local allowed = used < limit
  if allowed and take then
    began = record(stretches, began, limit, window, now)
    write_window(key, stretches, began, window, now)
    used = used + 1
  end
  local newest = stretches[#stretches]
  local resets_at = math.max(newest and newest.last + window or now, now)
  local retry = not allowed and retry_at(stretches, used, limit, window, now)
  return { allowed and 1 or 0, math.max(limit - used, 0), resets_at, retry }
end
