#!/usr/bin/env bash
# Everything that must hold before a change is merged. Prints each command it runs.
#
#   scripts/test.sh                all checks
#   scripts/test.sh format lint    only these; see STEPS
#   scripts/test.sh tests -- NAME  what follows -- goes to the test runner
#
# Environment: CARGO (the cargo to call), NEXTEST_PROFILE (default or ci; see .config/nextest.toml),
# ARCHON_TEST_POSTGRES_URL, ARCHON_TEST_REDIS_URL and ARCHON_TEST_REDIS_CLUSTER_URL (servers to use in place of
# throw-away ones), ARCHON_TEST_CHROMIUM (the browser), ARCHON_BROWSER_PICTURES (a folder to keep pictures of the
# pages in).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
. scripts/postgres.sh
. scripts/redis.sh
. scripts/third-party.sh
. scripts/browser.sh

CARGO=${CARGO:-cargo}
# The tests come last, so that the last lines are the test runner's own summary.
STEPS=(format licences lint documentation examples tests)

step_format() {
  run "$CARGO" fmt --all --check
}

step_lint() {
  run "$CARGO" clippy --locked --workspace --all-targets -- -D warnings
}

step_documentation() {
  RUSTDOCFLAGS="-D warnings" run "$CARGO" doc --locked --workspace --no-deps
}

step_examples() {
  run "$CARGO" test --locked --workspace --doc
}

# Licences, banned crates and sources need no network; the database of advisories does.
step_licences() {
  if ! "$CARGO" deny --version >/dev/null 2>&1; then
    run "$CARGO" install --locked cargo-deny@0.20.2 || fail "cargo-deny is missing and could not be installed."
  fi
  run "$CARGO" deny --locked check licenses bans sources
  local database
  database=$(sed -n 's/^db-urls = \["\(.*\)"\]$/\1/p' deny.toml)
  if GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --exit-code "$database" HEAD >/dev/null 2>&1; then
    run "$CARGO" deny --locked check advisories
  else
    note "known vulnerabilities were not checked: the database of advisories cannot be reached"
  fi
}

step_tests() {
  have curl || provide_packages "curl" curl
  start_postgres
  start_redis
  have psql || provide_packages "psql, PostgreSQL's client," postgresql-client
  provide_third_party
  provide_browser
  print_notes
  if "$CARGO" nextest --version >/dev/null 2>&1; then
    run "$CARGO" nextest run --locked --workspace --profile "${NEXTEST_PROFILE:-default}" "$@"
  else
    run "$CARGO" test --locked --workspace --all-targets "$@"
  fi
}

main() {
  local wanted=() arguments=() step
  while [ $# -gt 0 ]; do
    case $1 in
      --) shift && arguments=("$@") && break ;;
      *) wanted+=("$1") && shift ;;
    esac
  done
  [ ${#wanted[@]} -gt 0 ] || wanted=("${STEPS[@]}")
  for step in "${wanted[@]}"; do
    [[ " ${STEPS[*]} " == *" $step "* ]] || fail "there is no step $step; there are: ${STEPS[*]}"
  done
  for step in "${wanted[@]}"; do
    if [ "$step" = tests ]; then
      step_tests "${arguments[@]+"${arguments[@]}"}"
    else
      "step_$step"
    fi
  done
}

stop_servers() {
  stop_postgres
  stop_redis
}

trap stop_servers EXIT
# Without these a signal would end the script past the EXIT trap's exit status.
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
