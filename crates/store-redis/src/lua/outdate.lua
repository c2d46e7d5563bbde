-- KEYS: user. ARGV: updated_at and last_login_at of the present version.
-- Forgets whatever is there but a copy of that version.

local row = redis.pcall('HMGET', KEYS[1], 'updated_at', 'last_login_at')
if row.err or row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then
  redis.call('DEL', KEYS[1])
end
return 1
