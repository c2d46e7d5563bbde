-- KEYS: session, blacklist, and the budget if there is a charge.
-- ARGV: user, token, now, lease, how long others leave it alone, and limit and window if there is a charge.
-- Answers { live, row, decision, why the token is on the blacklist }.

local now = tonumber(ARGV[3])
local reason = blacklisted(KEYS[2])
local row = not reason and look(KEYS[1], ARGV[1], ARGV[2], now)
if not row then
  offer_lease(KEYS[1], ARGV[4], now, tonumber(ARGV[5]))
  return { 0, false, false, reason }
end
local decision = KEYS[3] and charge(KEYS[3], tonumber(ARGV[6]), tonumber(ARGV[7]), now, true)
return { 1, row, decision or false, false }
