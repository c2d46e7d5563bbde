# Helpers of the scripts beside this file; to be sourced by bash.

# Prints a command and runs it.
run() {
  printf '\n$ %s\n' "$*" >&2
  "$@"
}

# Says what is wrong and how to mend it, and ends the script.
fail() {
  printf '\nerror: %s\n' "$*" >&2
  exit 1
}

# Something that was not checked; said at once and again before the tests.
NOTES=()
note() {
  NOTES+=("$*")
  printf '\nnote: %s\n' "$*" >&2
}

print_notes() {
  local text
  for text in "${NOTES[@]+"${NOTES[@]}"}"; do
    printf '\nnote: %s\n' "$text" >&2
  done
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# Prints the path of the first program there is with one of these names.
find_program() {
  local name
  for name in "$@"; do
    command -v "$name" 2>/dev/null && return
  done
  return 1
}

# Installs Debian packages where that is possible; says what to install where it is not.
provide_packages() {
  local purpose=$1
  shift
  if [ "$(id -u)" -eq 0 ] && have apt-get; then
    run apt-get update -qq
    DEBIAN_FRONTEND=noninteractive run apt-get install -y -qq --no-install-recommends "$@" >&2
  else
    fail "$purpose is missing. Install it (Debian and Ubuntu: apt-get install $*) and run this again."
  fi
}
