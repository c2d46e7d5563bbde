-- The right to put a copy in, which stands as a hash in the copy's place.

-- How long a lease is kept at most, in milliseconds: whoever holds it reads one session or one user.
local LEASE_EXPIRY = 10000

-- Puts a lease in the place of whatever is there.
local function put_lease(key, lease)
  -- A full server refuses a script before its first write or not at all, and DEL is never refused.
  redis.call('SET', key, '')
  redis.call('DEL', key)
  redis.call('HSET', key, 'lease', lease)
  redis.call('PEXPIRE', key, LEASE_EXPIRY)
end

-- Puts a lease in the place of whatever is there but a lease that stands; others leave it alone for `stands_for`.
local function offer_lease(key, lease, now, stands_for)
  local stands_until = redis.pcall('HGET', key, 'lease_until')
  if type(stands_until) == 'string' and now < (tonumber(stands_until) or now) then
    return
  end
  put_lease(key, lease)
  redis.call('HSET', key, 'lease_until', string.format('%.0f', now + stands_for))
end
