-- KEYS: session or user. ARGV: lease.
put_lease(KEYS[1], ARGV[1])
return 1
