# A browser for the tests of the pages; to be sourced by bash after lib.sh.
#
# provide_browser exports ARCHON_TEST_CHROMIUM (the program): Chromium, or Chrome.

provide_browser() {
  if [ -z "${ARCHON_TEST_CHROMIUM:-}" ]; then
    local names=(chromium chromium-browser google-chrome google-chrome-stable)
    ARCHON_TEST_CHROMIUM=$(find_program "${names[@]}") || {
      provide_packages "Chromium (or Chrome, where ARCHON_TEST_CHROMIUM names it)" chromium
      ARCHON_TEST_CHROMIUM=$(find_program "${names[@]}") || fail "Chromium was installed, but chromium is not there."
    }
  fi
  export ARCHON_TEST_CHROMIUM
}
