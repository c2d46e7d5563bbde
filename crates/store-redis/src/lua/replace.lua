-- KEYS: a list. ARGV: its entries, in order. Replaces the whole list.

redis.call('DEL', KEYS[1])
if #ARGV > 0 then
  redis.call('RPUSH', KEYS[1], unpack(ARGV))
end
return 1
