-- KEYS: session or user. ARGV: lease, now, how long others leave it alone.
offer_lease(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
return 1
