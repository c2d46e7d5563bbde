-- KEYS: session. Answers whose it was, if a copy was there.

local user = redis.pcall('HGET', KEYS[1], 'user_id')
redis.call('DEL', KEYS[1])
return type(user) == 'string' and user
