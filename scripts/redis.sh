# Throw-away Redis servers for the tests, one by itself and a cluster of three; to be sourced by bash after lib.sh.
#
# start_redis exports ARCHON_TEST_REDIS_URL, ARCHON_TEST_REDIS_CLUSTER_URL, and ARCHON_TEST_REDIS_SERVER (the
# program) for tests that start servers of their own; stop_redis leaves nothing behind.

REDIS_DIRECTORY=""
REDIS_PROCESSES=()
REDIS_PORT=""

start_redis() {
  if [ -z "${ARCHON_TEST_REDIS_SERVER:-}" ]; then
    ARCHON_TEST_REDIS_SERVER=$(find_program redis-server valkey-server) || {
      provide_packages "Redis 6.2 or newer" redis-server
      ARCHON_TEST_REDIS_SERVER=$(find_program redis-server) || fail "Redis was installed, but redis-server is not there."
    }
  fi
  export ARCHON_TEST_REDIS_SERVER
  REDIS_DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/archon-redis.XXXXXX")
  local password
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  if [ -n "${ARCHON_TEST_REDIS_URL:-}" ]; then
    printf '\nRedis: the server that ARCHON_TEST_REDIS_URL names\n' >&2
  else
    start_redis_server "$password" ""
    export ARCHON_TEST_REDIS_URL="redis://default:$password@127.0.0.1:$REDIS_PORT/0"
    printf '\nRedis: %s on port %s, thrown away at the end\n' \
      "$("$ARCHON_TEST_REDIS_SERVER" --version)" "$REDIS_PORT" >&2
  fi
  [ -n "${ARCHON_TEST_REDIS_CLUSTER_URL:-}" ] || start_redis_cluster "$password"
}

start_redis_cluster() {
  local password=$1 client node nodes=() log="$REDIS_DIRECTORY/cluster.log"
  client=$(find_program redis-cli valkey-cli) || fail "redis-cli is missing. Install it (Debian and Ubuntu: apt-get install redis-tools) and run this again."
  for node in 1 2 3; do
    start_redis_server "$password" "cluster-enabled yes"
    nodes+=("127.0.0.1:$REDIS_PORT")
  done
  REDISCLI_AUTH=$password "$client" --cluster create "${nodes[@]}" --cluster-yes >"$log" 2>&1 ||
    fail "The Redis Cluster is not to be had: $(tail -n 20 "$log")"
  export ARCHON_TEST_REDIS_CLUSTER_URL="redis-cluster://default:$password@${nodes[0]},${nodes[1]},${nodes[2]}"
  printf 'Redis Cluster: %s, thrown away at the end\n' "${nodes[*]}" >&2
}

# Starts a server with one more line of configuration, and sets REDIS_PORT. Nobody can reserve a port from a
# shell, so a taken one is answered by another try. The password goes in by standard input: arguments are for
# everybody to read.
start_redis_server() {
  local password=$1 line=$2 try folder log process
  for try in 1 2 3 4 5 6 7 8; do
    REDIS_PORT=$((10000 + (RANDOM * 32768 + RANDOM) % 12000))
    folder="$REDIS_DIRECTORY/$REDIS_PORT"
    log="$folder/server.log"
    mkdir "$folder" 2>/dev/null || continue
    : >"$log"
    printf '%s\n' "requirepass $password" "bind 127.0.0.1" "port $REDIS_PORT" 'save ""' "appendonly no" \
      "dir $folder" "logfile $log" "$line" | "$ARCHON_TEST_REDIS_SERVER" - >/dev/null &
    process=$!
    REDIS_PROCESSES+=("$process")
    while kill -0 "$process" 2>/dev/null; do
      if grep -qi 'ready to accept connections' "$log"; then
        return
      fi
      sleep 0.02
    done
    grep -qi 'address already in use' "$log" || break
  done
  fail "Redis does not start (try $try): $(tail -n 20 "$log" 2>/dev/null)"
}

stop_redis() {
  [ -n "$REDIS_DIRECTORY" ] || return 0
  local process
  for process in "${REDIS_PROCESSES[@]+"${REDIS_PROCESSES[@]}"}"; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$REDIS_DIRECTORY"
  REDIS_DIRECTORY=""
}
