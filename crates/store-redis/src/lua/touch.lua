-- KEYS: session. ARGV: last_accessed and expires_at, each in microseconds and as text.
-- Moves the times of a copy that is there forward, never back.

local row = redis.pcall('HMGET', KEYS[1], 'last_accessed_micros', 'expires_at_micros', 'absolute_expires_at_micros')
if row.err then
  return 0
end
local accessed, expires, absolute = tonumber(row[1] or ''), tonumber(row[2] or ''), tonumber(row[3] or '')
if not (accessed and expires and absolute) then
  return 0
end
local new_accessed, new_expires = tonumber(ARGV[1]), tonumber(ARGV[3])
if new_accessed > accessed then
  redis.call('HSET', KEYS[1], 'last_accessed_micros', ARGV[1], 'last_accessed', ARGV[2])
end
if new_expires > expires then
  redis.call('HSET', KEYS[1], 'expires_at_micros', ARGV[3], 'expires_at', ARGV[4])
  local milliseconds = math.ceil((math.min(new_expires, absolute) - new_accessed) / 1000)
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(milliseconds, 1)))
end
return 1
