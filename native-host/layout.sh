#!/bin/bash
# Prints the functions that a daemon and a bridge run, one symbol in a line: layout.sh PROGRAM
# STAND_IN
#
# PROGRAM is `onionmeter` with its symbols, STAND_IN the benchmark `bench`, which plays Tor's SOCKS
# port. Wants a network of its own, because both ports are fixed. Takes about a minute and a half: a
# session lasts 30 seconds at least.
set -euo pipefail

[ "$#" = 2 ] || { echo "usage: layout.sh PROGRAM STAND_IN" >&2; exit 64; }
program=$(realpath "$1") stand_in=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
chmod 700 "$work"
export ONIONMETER_HOME=$work/home

run_watched() {
    exec valgrind --quiet --tool=callgrind --demangle=no --callgrind-out-file="$work/$1.out" \
        "$program" "${@:2}"
}

frame() {
    local length=${#1} byte
    for byte in 0 8 16 24; do
        printf '%b' "\\x$(printf %02x $((length >> byte & 255)))"
    done
    printf %s "$1"
}

# Asks what an open popup asks, and stays as long as a browser whose person looks at it now and
# then.
browser() {
    local client='"client":{"name":"extension","version":"0.1.0"}'
    local hello='"protocol":{"min":1,"max":1},'$client',"notices":true'
    frame '{"id":1,"request":{"hello":{'"$hello"'}}}'
    frame '{"id":2,"request":"status"}'
    frame '{"id":3,"request":"tor_start"}'
    sleep 55
    frame '{"id":4,"request":"status"}'
    frame '{"id":5,"request":{"reports":{"after":"0","limit":500}}}'
    sleep 5
}

page() {
    curl --silent --http0.9 --max-time "$1" --proxy "socks5h://$2:x@127.0.0.1:9149" \
        "http://$3/" >"$work/page" || true
}

mkdir -m 700 "$ONIONMETER_HOME"
printf '[tor]\nbackend = "existing"\n' >"$ONIONMETER_HOME/config.toml"
"$stand_in" stub 127.0.0.1:9050 &
run_watched daemon daemon &
daemon=$!
for _ in $(seq 300); do
    (: </dev/tcp/127.0.0.1/9149) 2>/dev/null && break
    sleep 0.1
done

id=$(sed -n 's/.*"chromium": *"\([a-p]*\)".*/\1/p' "$here/../extension-ids.json")
origin=chrome-extension://$id/
browser | run_watched bridge "$origin" >"$work/frames" &
bridge=$!
sleep 10
# The first is a lot of bytes, the second an answer that never comes, the third a port that nobody
# serves.
page 5 first.example example.com:1001
page 3 second.example example.com:1004
page 3 first.example example.com:1
wait "$bridge"
grep -q '"signature"' "$work/frames" || { echo "layout.sh: no session was closed" >&2; exit 1; }
kill -TERM "$daemon"
wait "$daemon" || true

functions() {
    sed -n -E "s/^c?fn=\([0-9]+\) ([^ ']+).*/\1/p" "$work"/*.out
}
# In the order of first calls it would differ each time; only that they are together matters.
functions | sort -u | comm -12 - <(nm "$program" | awk '$2 ~ /[tTwW]/ { print $3 }' | sort -u)
