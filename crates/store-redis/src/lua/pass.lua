-- KEYS: session, blacklist, then the user if the profile is asked for, and the budget if there is a charge.
-- ARGV: user, token, now, lease, how long others leave it alone, whether the profile is asked for, and limit and
-- window if there is a charge.
-- Answers { live, row, decision, why the token is on the blacklist, profile }.

local now, stands_for = tonumber(ARGV[3]), tonumber(ARGV[5])
local reason = blacklisted(KEYS[2])
local row = not reason and look(KEYS[1], ARGV[1], ARGV[2], now)
if not row then
  offer_lease(KEYS[1], ARGV[4], now, stands_for)
  return { 0, false, false, reason, false }
end
local asked = ARGV[6] == '1'
local profile = asked and look_profile(KEYS[3], now)
if asked and not profile then
  offer_lease(KEYS[3], ARGV[4], now, stands_for)
end
local budget = KEYS[asked and 4 or 3]
local decision = budget and charge(budget, tonumber(ARGV[7]), tonumber(ARGV[8]), now, true)
return { 1, row, decision or false, false, profile or false }
