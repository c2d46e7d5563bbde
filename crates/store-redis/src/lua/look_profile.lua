-- KEYS: user. ARGV: now.
return look_profile(KEYS[1], tonumber(ARGV[1])) or false
