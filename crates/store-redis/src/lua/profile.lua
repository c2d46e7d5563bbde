-- The hash of one user's profile: a copy, or nothing but a lease.

local PROFILE = {
  'email', 'name', 'email_verified_at', 'metadata', 'created_at', 'updated_at', 'last_login_at',
  'expires_at_micros',
}

-- The fields of PROFILE if the copy has not expired at `now`; otherwise false.
local function look_profile(key, now)
  local row = redis.pcall('HMGET', key, unpack(PROFILE))
  if row.err then
    return false
  end
  local expires_at = tonumber(row[#PROFILE] or '')
  return expires_at and now < expires_at and row
end
