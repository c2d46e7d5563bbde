-- The hash of one session: a live copy, or nothing but a lease.

local ROW = {
  'user_id', 'created_at', 'last_accessed', 'expires_at', 'absolute_expires_at',
  'remembered', 'ip_address', 'user_agent', 'refresh', 'trace',
}
local JUDGED = #ROW

-- The fields of ROW if the copy is of this user, live at `now`, and the token not revoked; otherwise false.
local function look(key, user, token, now)
  local fields = {}
  for index, name in ipairs(ROW) do
    fields[index] = name
  end
  fields[JUDGED + 1] = 'expires_at_micros'
  fields[JUDGED + 2] = 'absolute_expires_at_micros'
  fields[JUDGED + 3] = 'revoked'
  local row = redis.pcall('HMGET', key, unpack(fields))
  if row.err then
    return false
  end
  local expires_at = tonumber(row[JUDGED + 1] or '')
  local absolute_expires_at = tonumber(row[JUDGED + 2] or '')
  local revoked = row[JUDGED + 3]
  if not (expires_at and absolute_expires_at and revoked) or row[1] ~= user then
    return false
  end
  -- An older version has put it in, without the last field.
  if not row[JUDGED] then
    return false
  end
  if now >= expires_at or now >= absolute_expires_at or string.find(revoked, token, 1, true) then
    return false
  end
  for index = #row, JUDGED + 1, -1 do
    row[index] = nil
  end
  return row
end

-- Why the token is on the blacklist, or false. An entry that is no string was put there by somebody, too.
local function blacklisted(key)
  local reason = redis.pcall('GET', key)
  if type(reason) == 'table' then
    return 'unreadable'
  end
  return reason
end
