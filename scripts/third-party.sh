# Other people's judges of our service: schemathesis, PyJWT and aiosmtpd in Python; jose, axe, oidc-provider (a
# certified OpenID provider) and Playwright (which drives the browser of browser.sh and brings none) in Node; to be
# sourced by bash after lib.sh.
#
# provide_third_party exports ARCHON_TEST_PYTHON (an interpreter) and ARCHON_TEST_NODE_MODULES (a folder;
# a script run in the folder above it finds its packages by name).

# Whether a folder was made from these very files; stamps it if told so.
stamp_of() {
  cat "$@" | sha256sum | cut -d ' ' -f 1
}

provide_third_party() {
  local target=${CARGO_TARGET_DIR:-target}
  mkdir -p "$target"
  target=$(cd "$target" && pwd)
  provide_python "$target/test-python"
  provide_node "$target/test-node"
}

provide_python() {
  local folder=$1 wanted=scripts/requirements-test.txt stamp
  stamp=$(stamp_of "$wanted")
  if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ] || ! "$folder/bin/python" -c '' 2>/dev/null; then
    have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null ||
      provide_packages "Python 3.10 or newer with venv" python3 python3-venv
    rm -rf "$folder"
    run python3 -m venv "$folder"
    run "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
    printf '%s\n' "$stamp" >"$folder/stamp"
  fi
  export ARCHON_TEST_PYTHON="$folder/bin/python"
}

provide_node() {
  local folder=$1 from=scripts/third-party stamp
  stamp=$(stamp_of "$from/package.json" "$from/package-lock.json")
  if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
    have node && have npm || provide_packages "Node 18 or newer with npm" nodejs npm
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$folder/"
    run npm ci --prefix "$folder" --ignore-scripts --silent
    printf '%s\n' "$stamp" >"$folder/stamp"
  fi
  export ARCHON_TEST_NODE_MODULES="$folder/node_modules"
}
