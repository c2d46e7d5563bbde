#!/usr/bin/env bash
# Builds the release binary and runs the benchmarks of bench/ against it. Needs Python 3.
#
#   scripts/bench.sh              everything
#   scripts/bench.sh NAME [...]   one program of bench/, with its arguments
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

have python3 || fail "Python 3 is missing. Install it (Debian and Ubuntu: apt-get install python3) and run this again."
run "${CARGO:-cargo}" build --locked --release --bin archon-auth
binary="${CARGO_TARGET_DIR:-target}/release/archon-auth"
binary=$(cd "$(dirname "$binary")" && pwd)/archon-auth

if [ $# -gt 0 ]; then
  program=$1
  shift
  run python3 "bench/$program.py" "$binary" "$@"
else
  run python3 bench/footprint.py "$binary"
  run python3 bench/login_timing.py "$binary"
  run python3 bench/register_latency.py "$binary"
  run "${CARGO:-cargo}" run --locked --release --package archon-testkit --example start_time
  run "${CARGO:-cargo}" run --locked --release --package archon-store-sql --example user_directory
fi
