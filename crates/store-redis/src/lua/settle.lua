-- KEYS: session or user. ARGV: lease, the copy's milliseconds, and the copy's fields and values, if there is one.
-- Answers whether the lease was unbroken; whatever else is there breaks it.

if redis.pcall('HGET', KEYS[1], 'lease') ~= ARGV[1] then
  return 0
end
if #ARGV > 2 then
  -- A full server refuses a script before its first write or not at all, and HDEL is never refused.
  redis.call('HSET', KEYS[1], unpack(ARGV, 3))
  redis.call('HDEL', KEYS[1], 'lease', 'lease_until')
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
else
  redis.call('DEL', KEYS[1])
end
return 1
