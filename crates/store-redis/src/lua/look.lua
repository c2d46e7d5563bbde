-- KEYS: session. ARGV: user, token, now.
return look(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]))
