# A throw-away PostgreSQL server for the tests; to be sourced by bash after lib.sh.
#
# start_postgres exports ARCHON_TEST_POSTGRES_URL; stop_postgres leaves nothing behind.

POSTGRES_DIRECTORY=""
POSTGRES_BINARIES=""

# Prints the folder that holds PostgreSQL's server programs, the newest version first.
find_postgres() {
  local folder found=()
  have pg_ctl && found+=("$(dirname "$(readlink -f "$(command -v pg_ctl)")")")
  while IFS= read -r folder; do
    found+=("$folder")
  done < <(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV)
  for folder in "${found[@]+"${found[@]}"}"; do
    if [ -x "$folder/pg_ctl" ] && [ -x "$folder/initdb" ]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  return 1
}

# Runs a server program; PostgreSQL refuses to run as root, so root becomes somebody else.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && setpriv --reuid="$POSTGRES_USER" --regid="$POSTGRES_GROUP" --clear-groups "$@")
  else
    "$@"
  fi
}

start_postgres() {
  if [ -n "${ARCHON_TEST_POSTGRES_URL:-}" ]; then
    printf '\nPostgreSQL: the server that ARCHON_TEST_POSTGRES_URL names\n' >&2
    return
  fi
  POSTGRES_BINARIES=$(find_postgres) || {
    provide_packages "PostgreSQL 14 or newer" postgresql
    POSTGRES_BINARIES=$(find_postgres) || fail "PostgreSQL was installed, but pg_ctl and initdb are not there."
  }
  POSTGRES_USER=$(id -u postgres 2>/dev/null || id -u nobody)
  POSTGRES_GROUP=$(id -g postgres 2>/dev/null || id -g nobody)
  POSTGRES_DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/archon-postgres.XXXXXX")
  local password
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s' "$password" >"$POSTGRES_DIRECTORY/password"
  mkdir "$POSTGRES_DIRECTORY/socket"
  [ "$(id -u)" -ne 0 ] || chown -R "$POSTGRES_USER:$POSTGRES_GROUP" "$POSTGRES_DIRECTORY"
  as_postgres "$POSTGRES_BINARIES/initdb" --pgdata="$POSTGRES_DIRECTORY/data" --username=archon \
    --auth=scram-sha-256 --pwfile="$POSTGRES_DIRECTORY/password" --encoding=UTF8 --locale=C --no-sync \
    >"$POSTGRES_DIRECTORY/initdb.log" 2>&1 || fail "initdb: $(cat "$POSTGRES_DIRECTORY/initdb.log")"
  start_on_a_free_port
  export ARCHON_TEST_POSTGRES_URL="postgres://archon:$password@127.0.0.1:$POSTGRES_PORT/postgres"
  printf '\nPostgreSQL: %s on port %s, thrown away at the end\n' \
    "$("$POSTGRES_BINARIES/postgres" --version)" "$POSTGRES_PORT" >&2
}

# Nobody can reserve a port from a shell, so a taken one is answered by another try.
start_on_a_free_port() {
  local try log="$POSTGRES_DIRECTORY/server.log"
  for try in 1 2 3 4 5 6 7 8; do
    POSTGRES_PORT=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if as_postgres "$POSTGRES_BINARIES/pg_ctl" --pgdata="$POSTGRES_DIRECTORY/data" --log="$log" \
      --wait --silent start --options="-p $POSTGRES_PORT -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories=$POSTGRES_DIRECTORY/socket -c max_connections=300 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off" >/dev/null 2>&1; then
      return
    fi
    grep -q 'Address already in use' "$log" || break
    : >"$log"
  done
  fail "PostgreSQL does not start (try $try): $(tail -n 20 "$log" 2>/dev/null)"
}

stop_postgres() {
  [ -n "$POSTGRES_DIRECTORY" ] || return 0
  if [ -f "$POSTGRES_DIRECTORY/data/postmaster.pid" ]; then
    as_postgres "$POSTGRES_BINARIES/pg_ctl" --pgdata="$POSTGRES_DIRECTORY/data" --mode=immediate \
      --wait --silent stop >/dev/null 2>&1 || true
  fi
  rm -rf "$POSTGRES_DIRECTORY"
  POSTGRES_DIRECTORY=""
}
