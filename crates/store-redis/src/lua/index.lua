-- KEYS: a user's set of session ids. ARGV: session id, milliseconds for which the set must live at least.

local added = redis.pcall('SADD', KEYS[1], ARGV[1])
if type(added) == 'table' then
  redis.call('DEL', KEYS[1])
  redis.call('SADD', KEYS[1], ARGV[1])
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
