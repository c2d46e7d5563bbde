-- KEYS: the budget. ARGV: limit, window, now, and 1 to take or 0 to ask only.
return charge(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1')
