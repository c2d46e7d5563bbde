-- KEYS: a list. ARGV: entry, how many entries are kept. Puts the entry first.

local pushed = redis.pcall('LPUSH', KEYS[1], ARGV[1])
if type(pushed) == 'table' then
  redis.call('DEL', KEYS[1])
  redis.call('LPUSH', KEYS[1], ARGV[1])
end
redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[2]) - 1)
return 1
