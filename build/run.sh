# shellcheck shell=bash
# Shows what was built: in a browser of the person, and the whole path without internet.

run() {
    build
    local profile=$PWD/dist/profile program=target/release/onionmeter
    mkdir -p "$profile"
    # Chromium itself makes this file at its first start. `--browser-dir` recognizes a profile by
    # it.
    touch "$profile/First Run"
    step "registering with the browsers"
    "$program" install --browser-dir "$profile"
    local browser
    browser=$(find_chromium || true)
    if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        say
        say "There is no display here. On a desktop, load the extension by hand:"
        how_to_load
    elif [ -n "$browser" ]; then
        step "opening $browser on a fresh profile"
        open_chromium "$browser" "$profile"
    else
        say
        say "No Chromium was found that takes an extension from the command line."
        how_to_load
    fi
}

# Google's own Chrome no longer loads an extension from the command line, so it is not in the list.
find_chromium() {
    local name
    for name in chromium chromium-browser chrome-for-testing brave-browser vivaldi; do
        if have "$name"; then command -v "$name"; return; fi
    done
    return 1
}

open_chromium() {
    local browser=$1 profile=$2 extra=()
    if [ "$(id -u)" = 0 ]; then
        say "You are root: the browser runs without its sandbox." \
            "Use an ordinary user for real browsing."
        extra=(--no-sandbox)
    fi
    target/release/onionmeter open "$browser" --profile "$profile" \
        --extension "$PWD/$EXTENSION" -- \
        "${extra[@]}" --no-first-run --no-default-browser-check about:blank \
        >/dev/null 2>dist/browser.log &
    local process=$!
    # A refusal comes at once, for example when a browser already runs on the profile.
    sleep 1
    if ! kill -0 "$process" 2>/dev/null && ! wait "$process"; then
        fail "$(cat dist/browser.log)"
    fi
    disown
    say "Click the puzzle piece in its toolbar, pin Onionmeter and watch the badge: Tor's progress"
    say "first, then your credits. Pages load once the popup says \"Protected\"."
}

how_to_load() {
    cat >&2 <<TEXT
  Chromium, Brave, Edge, Vivaldi, Opera:
    open  chrome://extensions , switch on "Developer mode", click "Load unpacked",
    choose  $PWD/$EXTENSION
  Firefox:
    open  about:debugging#/runtime/this-firefox , click "Load Temporary Add-on...",
    choose  $PWD/$EXTENSION/manifest.json ;
    then, in about:addons, allow Onionmeter to run in private windows.
Then click the onion in the toolbar: its popup says what it is doing.
TEXT
}

demo() {
    setup_build
    setup_browsers
    build_extension
    step "building the program"
    [ $# = 0 ] && set -- --tor embedded
    local features=()
    [ "$*" = "--tor embedded" ] && features=(--features onionmeter/embedded-tor)
    cargo build --locked --package onionmeter --package onionmeter-ledger --package checks \
        "${features[@]}"
    step "the whole path"
    "${CARGO_TARGET_DIR:-target}/debug/demo" "$@"
}
