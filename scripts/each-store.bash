# each-store.bash: a function for scripts that test the built program. They source this file.

# each_store COMMAND...: builds the program, then runs the command with the program on SQLite and, if MONGO_TEST_URI is
# set, on MongoDB. $url is the address of the program, $program its path. The variables of its environment are set, so
# that $program can be run on the same store.
each_store() {
  dir=$(mktemp -d)
  server=
  trap 'stop_server; rm -rf "$dir"' EXIT
  program=$dir/gin-blog
  go build -o "$program" .
  export PORT=0 BCRYPT_COST=4 LOG_FORMAT=text MONGO_DB=test_$$
  with_store SQLite "" "$@"
  if [[ -n ${MONGO_TEST_URI:-} ]]; then
    with_store MongoDB "$MONGO_TEST_URI" "$@"
  fi
}

with_store() { # NAME MONGO_URI COMMAND...
  local name=$1
  export DATA_DIR=$dir/$1 MONGO_URI=$2
  shift 2
  : >"$dir/$name.log" # it must exist when sed reads it
  (cd "$dir" && exec "$program" >>"$dir/$name.log" 2>&1) &
  server=$!
  url=
  for ((i = 0; i < 200; i++)); do
    url=$(sed -n 's/.*msg=listening url=\([^ ]*\).*/\1/p' "$dir/$name.log")
    if [[ -n $url ]]; then break; fi
    sleep 0.1
  done
  if [[ -z $url ]]; then
    echo "$0: the server did not start:" >&2
    cat "$dir/$name.log" >&2
    exit 1
  fi
  echo "$0: on $name"
  "$@"
  stop_server
}

stop_server() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  server=
}
