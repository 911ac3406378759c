#!/usr/bin/env bash
# With curl alone: starts Tor and monitoring through `onionmeter serve`, loads pages, and waits for
# a signed session.
#
#   without-the-extension.sh URL [API]
#
# URL is loaded through Tor until the session is signed. API is the server's address (default:
# http://127.0.0.1:3001). MIN_BYTES, MIN_SECONDS and MAX_SECONDS change when a session is signed;
# without them that is as it was.
set -euo pipefail

url=$1
api=${2:-http://127.0.0.1:3001}
home=${ONIONMETER_HOME:-$HOME/.local/share/onionmeter}
limit=${LIMIT_SECONDS:-300}

ask() {
    curl --silent --show-error --fail-with-body \
        --header "Authorization: Bearer $(cat "$home/http-token")" "$@"
}

# field NAME: the value of a member of the object on stdin.
field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p"
}

# until_true COMMAND...: repeats it until it succeeds.
until_true() {
    local end=$((SECONDS + limit))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { echo "not within $limit s: $*" >&2; return 1; }
        sleep 0.5
    done
}

usable() { [ "$(ask "$api/api/tor/status" | field isUsable)" = true ]; }
page() {
    curl --silent --show-error --output /dev/null --max-time 60 --socks5-hostname "$proxy" "$url"
}
captured() { ask "$api/api/tor/monitoring/stats" | field accumulatedBytes; }
# The relay's counters are read once a second.
some_captured() { [ "$(captured)" -gt 0 ]; }
reports() { ask "$api/api/tor/monitoring/stats" | field submittedSessions; }
one_more() { page || true; [ "$(reports)" -gt "$before" ]; }

if [ -n "${MIN_BYTES:-}" ]; then
    seconds="\"minDuration\": $MIN_SECONDS, \"maxDuration\": $MAX_SECONDS"
    ask --json "{\"minBytes\": $MIN_BYTES, $seconds}" "$api/api/tor/thresholds" >/dev/null
fi
echo "starting Tor"
ask --request POST "$api/api/tor/start" >/dev/null
echo "starting monitoring"
ask --request POST "$api/api/tor/monitoring/start" >/dev/null
until_true usable
traffic=$(ask "$api/api/tor/traffic-config")
proxy=$(field host <<<"$traffic"):$(field proxyPort <<<"$traffic")
chain=$(ask "$api/api/tor/status" | field chain)
before=$(reports)
credits=$(ask "$api/api/sessions/balance/$chain" | field claimed)
echo "credits before: $credits"

until_true page
until_true some_captured
echo "captured: $(captured) bytes through $proxy"
until_true one_more
echo "signed: $(ask "$api/api/tor/monitoring/sessions?after=$before&limit=1" | field formula)"
echo "credits after: $(ask "$api/api/sessions/balance/$chain" | field claimed)"
