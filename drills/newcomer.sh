#!/usr/bin/env bash
# Plays the newcomer: clones HEAD, installs with the npm of then and of now, as root and as an ordinary user, starts, asks, and stops in
# every way there is. One line per check, PASS or FAIL, then a summary; exit code 0 only when nothing failed.
#
#   drills/newcomer.sh                 every case (as root: six, some ten minutes; as an ordinary user: two)
#   drills/newcomer.sh npm10 nobody    only cases whose name has all these words
#   drills/newcomer.sh --list          the names
#   drills/newcomer.sh --reuse DIR …   in a checkout that is already installed, as the current user
#
# PORT_BASE (13600) is the first of the ports it uses. Needs git and what a bare Debian has (coreutils, util-linux).
set -uo pipefail
set -m # Every start is a process group of its own, and SIGINT is not ignored in the background.

readonly stop_seconds=5 ready_seconds=90 orphan_seconds=10 install_seconds=600
readonly npm_then=10.8.2 npm_now=11
readonly port_base=${PORT_BASE:-13600}
source=$(git -C "$(dirname -- "$0")/.." rev-parse --show-toplevel) || exit 1
readonly source
passed=0 failed=0 failures=() room='' case_name=''

list_cases() {
  if [ "$(id -u)" -eq 0 ]; then
    printf '%s\n' npm10-root-plain npm10-root-0700 npm10-nobody-plain npm11-root-plain npm11-root-0700 npm11-nobody-plain
  else
    printf '%s\n' npm10-self-plain npm11-self-plain
  fi
}

# check NAME STATUS [DETAIL]: one line of the report.
check() {
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
    echo "PASS $case_name: $1${3:+ ($3)}"
  else
    failed=$((failed + 1))
    failures+=("$case_name: $1")
    echo "FAIL $case_name: $1${3:+ ($3)}"
  fi
}

# Milliseconds of a clock that only runs forward.
now_ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

# poll SECONDS COMMAND…: until it succeeds.
poll() {
  local deadline=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# The command that runs the rest as the case's user, in an environment of its own.
as_user=()
choose_user() {
  as_user=(env -u NODE_OPTIONS -u NODE_ENV -u CI "HOME=$room/home" "PATH=$(dirname -- "$(command -v node)"):/usr/bin:/bin")
  if [ "$1" = nobody ]; then as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups "${as_user[@]}"); fi
}

# Processes that work in the case's room or name it; children of PostgreSQL name nothing, but work there.
list_left() {
  local entry pid state
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    [ "$pid" != $$ ] || continue
    state=$(sed 's/.*) //; s/ .*//' "$entry/stat" 2>/dev/null) || continue
    [ "$state" != Z ] || continue
    if [[ "$(readlink "$entry/cwd" 2>/dev/null)" == "$room"/* ]] || tr '\0' ' ' <"$entry/cmdline" 2>/dev/null | grep -qF -- "$room/"; then
      echo "$pid $(tr '\0' ' ' <"$entry/cmdline" 2>/dev/null | cut -c1-80)"
    fi
  done
}
is_empty() { [ -z "$(list_left 2>/dev/null)" ]; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }
is_ready_or_over() { grep -q 'Ready after' "$1" || has_ended "$2"; }

# npm of the wanted version, found once per case.
npm_of() {
  local wanted=$1
  if [ "$wanted" = npm11 ] && [[ "$("${as_user[@]}" npm --version)" == "$npm_now".* ]]; then echo npm && return; fi
  local version=$npm_then
  [ "$wanted" = npm10 ] || version=$npm_now
  (cd "$room/home" && "${as_user[@]}" npx --yes -p "npm@$version" -c 'command -v npm' 2>/dev/null)
}

install() {
  local npm=$1 begun
  begun=$(now_ms)
  local -a command=(npm ci)
  if [[ "$npm" != npm ]]; then command=(npx --yes "npm@$("${as_user[@]}" "$npm" --version)" ci); fi
  (cd "$room/checkout" && timeout "$install_seconds" "${as_user[@]}" "${command[@]}") >"$room/ci.log" 2>&1 </dev/null
  check "${command[*]}" $? "$((($(now_ms) - begun) / 1000)) s"
  sed 's/^/     | /' "$room/ci.log" | tail -15
  ! grep -qiE 'warn|deprecated|error|engine' "$room/ci.log"
  check 'npm ci says nothing to be ignored' $?
}

check_tools() {
  local npm=$1 said
  said=$(cd / && "${as_user[@]}" "$room/checkout/node_modules/.bin/frameworks" --version 2>&1)
  check 'frameworks --version from another directory' $? "$said"
  said=$(cd "$room/checkout" && "${as_user[@]}" "$npm" exec -c 'node --version' 2>&1)
  [[ "$said" == v24.* ]]
  check 'npm uses Node 24' $? "$said"
}

# start HOW: npm start on the case's data directory. Sets job (what was started) and launcher (who owns the fleet).
job='' launcher=''
start() {
  local how=$1 begun
  local -a command=(npm start -- --data-dir "$room/data" --port-base "$port_base")
  command[0]=$npm
  begun=$(now_ms)
  : >"$room/out"
  if [ "$how" = terminal ]; then
    local typed="stty cols 100 rows 40; cd $(printf %q "$room/checkout"); exec $(printf '%q ' "${command[@]}")"
    "${as_user[@]}" SHELL=/bin/sh TERM=xterm script -qec "$typed" /dev/null <"$room/keys" >"$room/out" 2>&1 &
  else
    (cd "$room/checkout" && exec "${as_user[@]}" "${command[@]}") </dev/null >"$room/out" 2>&1 &
  fi
  job=$!
  poll "$ready_seconds" is_ready_or_over "$room/out" "$job"
  grep -q 'Ready after' "$room/out"
  local ready=$?
  check "start ($how)" "$ready" "$(($(now_ms) - begun)) ms from the command, it says: $(grep -o 'Ready after.*' "$room/out" | tr -d '\r')"
  if [ "$ready" -ne 0 ]; then
    tail -20 "$room/out" | sed 's/^/     | /'
    return 1
  fi
  launcher=$(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' "$room/data/fleet.json" | head -1)
}

# expect_stop NAME: the job ends with 0 in time, and nothing is left.
expect_stop() {
  local begun code
  begun=$(now_ms)
  poll "$stop_seconds" has_ended "$job"
  local in_time=$? took=$(($(now_ms) - begun))
  [ "$in_time" -eq 0 ] || kill -KILL -- "-$job" 2>/dev/null
  wait "$job" 2>/dev/null
  code=$?
  [ "$in_time" -eq 0 ] && [ "$code" -eq 0 ]
  local stopped=$?
  check "$1" "$stopped" "exit code $code after $took ms"
  [ "$stopped" -eq 0 ] || tail -8 "$room/out" | sed 's/^/     | /'
  poll 1 is_empty
  check "$1: no process left" $? "$(list_left | tr '\n' ';')"
  [ ! -e "$room/data/fleet.json" ]
  check "$1: no fleet.json left" $?
}

# What must survive: the root of all certificates, and the database that was made at the first start.
fingerprint() { cat "$room"/data/embedded/credentials/trust-bundle.pem <(stat -c %i "$room/data/embedded/postgres/cluster") | cksum; }

run_stops() {
  local before said
  start plain || return
  said=$(cd / && "${as_user[@]}" "$room/checkout/node_modules/.bin/frameworks" status --data-dir "$room/data" 2>&1)
  check 'frameworks status' $? "$(grep -c ' ready ' <<<"$said") services ready"
  [ "$(stat -c %a "$room/data/fleet.json")" = 600 ]
  check 'fleet.json is private' $?
  before=$(fingerprint)
  kill -TERM "$job" && expect_stop 'SIGTERM to npm'

  start plain || return
  kill -INT "$job" && expect_stop 'SIGINT to npm'
  start plain || return
  kill -TERM "$launcher" && expect_stop 'SIGTERM to the launcher'
  start plain || return
  kill -INT "$launcher" && expect_stop 'SIGINT to the launcher'

  mkfifo "$room/keys" && exec 9<>"$room/keys"
  if start terminal; then
    printf '\003' >&9
    expect_stop 'Ctrl-C in a terminal'
  fi
  exec 9>&-

  start plain || return
  kill -KILL "$launcher"
  poll "$orphan_seconds" is_empty
  check 'kill -9 of the launcher: no process left' $? "$(list_left | tr '\n' ';')"
  wait "$job" 2>/dev/null
  start plain || return
  [ "$(fingerprint)" = "$before" ]
  check 'after kill -9: state kept' $?
  kill -TERM "$launcher" && expect_stop 'SIGTERM after that'
}

run_case() {
  case_name=$1
  local which=${1%%-*} user=${1#*-} npm
  user=${user%-*}
  room=$(mktemp -d "${TMPDIR:-/tmp}/newcomer.XXXXXX")
  if [[ "$1" == *-plain ]]; then chmod 755 "$room"; fi
  mkdir "$room/home" "$room/work"
  git clone -q --no-hardlinks "$source" "$room/checkout"
  if [ "$user" = nobody ]; then chown -R 65534:65534 "$room"; fi
  choose_user "$user"
  npm=$(npm_of "$which")
  echo "---- $case_name: node $("${as_user[@]}" node --version), npm $("${as_user[@]}" "$npm" --version), in $room"
  install "$npm"
  check_tools "$npm"
  run_stops
  list_left | while read -r pid rest; do kill -KILL "$pid" && echo "killed what was left: $pid $rest"; done
  rm -rf "$room"
}

# The same checks on a checkout that is already installed: seconds instead of minutes.
run_reuse() {
  case_name=reuse
  room=$(mktemp -d "${TMPDIR:-/tmp}/newcomer.XXXXXX")
  mkdir "$room/home"
  ln -s "$(realpath -- "$1")" "$room/checkout"
  choose_user self
  local npm=npm
  check_tools "$npm"
  run_stops
  rm -rf "$room"
}

matches() {
  local name=$1 word
  shift
  for word in "$@"; do [[ "$name" == *"$word"* ]] || return 1; done
}

case ${1-} in
  --list) list_cases && exit ;;
  --reuse) run_reuse "$2" ;;
  *) for each in $(list_cases); do if matches "$each" "$@"; then run_case "$each"; fi; done ;;
esac
echo
for failure in "${failures[@]}"; do echo "failed: $failure"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
