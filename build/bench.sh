# shellcheck shell=bash
# Measurements, and what is made by watching the products: pictures and the list of functions.

bench() {
    case ${1:-} in
        --tor) bench_tor "${@:2}"; return ;;
        --build) bench_build; return ;;
        --ledger) bench_ledger "${@:2}"; return ;;
        --pages) bench_pages "${@:2}"; return ;;
    esac
    only_on_linux "the benchmark measures Linux's ways"
    need haproxy nginx unshare ip
    # The program that people get. Built together with the benchmark it would have that one's
    # features of crates too.
    build
    step "building the benchmark"
    release --package bench
    local programs=${CARGO_TARGET_DIR:-target}/release run="./build.sh bench${*:+ $*}"
    BENCH_HEADING="$(measured "$run").
In brackets: ours divided by theirs."
    export BENCH_HEADING
    step "measuring"
    in_a_network_of_its_own "$programs/bench" run "$programs/onionmeter" \
        --figures docs/figures.md "$@"
}

bench_tor() {
    only_on_linux "the benchmark measures Linux's ways"
    setup_rust
    need unshare ip
    setup_browsers
    step "building the program and the benchmark"
    release --package onionmeter --package bench-tor \
        --features onionmeter/embedded-tor
    local programs=${CARGO_TARGET_DIR:-target}/release run="./build.sh bench --tor${*:+ $*}"
    BENCH_HEADING="$(measured "$run"),
$(tor --version | head -n 1)"
    export BENCH_HEADING
    step "measuring"
    # Tor's links use Nagle's algorithm, which waits on loopback for delayed acknowledgements. The
    # test kit takes its ports below those of outgoing connections.
    in_a_network_of_its_own sh -c '
        for net in 127.0.0.0/8 127.0.0.1; do
            ip route replace local "$net" dev lo table local proto kernel scope host \
                src 127.0.0.1 quickack 1
        done
        echo "32768 60999" >/proc/sys/net/ipv4/ip_local_port_range
        exec "$@"' sh "$programs/bench-tor" "$programs/onionmeter" --figures docs/figures.md "$@"
}

bench_build() {
    only_on_linux "the benchmark measures Linux's ways"
    setup_build
    step "building the benchmark"
    cargo build --locked --package bench-tor
    BENCH_HEADING="$(measured "./build.sh bench --build"),
$(rustc --version)."
    export BENCH_HEADING
    step "measuring"
    "${CARGO_TARGET_DIR:-target}/debug/bench-tor" build --figures docs/figures.md
}

# Which functions stand together in the program: native-host/build.rs hands the list to the linker.
layout() {
    only_on_linux "the list is for Linux's linker"
    need valgrind curl unshare ip
    local folder=${CARGO_TARGET_DIR:-target}/release
    ONIONMETER_SYMBOLS=1 build
    release --package bench
    step "watching a daemon and a bridge"
    in_a_network_of_its_own native-host/layout.sh "$folder/onionmeter" "$folder/bench" \
        >dist/layout.txt
    mv dist/layout.txt native-host/layout.txt
    local count
    count=$(wc -l <native-host/layout.txt)
    say "$count functions in native-host/layout.txt; build again to use it"
}

bench_ledger() {
    only_on_linux "the benchmark measures Linux's ways"
    have cargo || fail "Rust is missing; get it with rustup (rust-toolchain.toml names the version)"
    need cc postgres setpriv
    step "building the server and the benchmark"
    release --package onionmeter-ledger --package bench-ledger
    local programs=${CARGO_TARGET_DIR:-target}/release run="./build.sh bench --ledger${*:+ $*}"
    # /tmp may be in memory, where nothing is ever synchronised.
    TMPDIR=/var/tmp
    local disk processors="$(nproc) processors for server, database and load together"
    disk=$(findmnt --noheadings --output FSTYPE --target "$TMPDIR")
    local policy="onionmeter-ledger policy set --reports-per-minute 1000000000"
    BENCH_HEADING="$(measured "$run"),
data on $disk; $processors.
Limits of the policy that the load would meet are raised: \`$policy
--devices-per-account 1000000\`."
    export BENCH_HEADING TMPDIR
    step "measuring"
    "$programs/bench-ledger" "$programs/onionmeter-ledger" --figures docs/figures.md "$@"
}

gallery() {
    setup_build
    setup_browsers
    build_extension
    step "building the gallery"
    cargo build --locked --package checks --bin stand_in --bin gallery
    cargo run --quiet --locked --package extension-wasm --example views >dist/views.json
    step "taking pictures"
    "${CARGO_TARGET_DIR:-target}/debug/gallery" dist/views.json --cover docs/pages.png
    say "dist/gallery/index.html"
}

bench_pages() {
    setup_build
    setup_browsers
    build_extension
    step "building the benchmark"
    cargo build --locked --package checks --package bench-pages --bin stand_in --bin bench-pages
    local run="./build.sh bench --pages${*:+ $*}"
    BENCH_HEADING="$(measured "$run"),
$(chromium --version 2>/dev/null | sed 's/ *$//'), $(firefox-esr --version)."
    export BENCH_HEADING
    step "measuring"
    "${CARGO_TARGET_DIR:-target}/debug/bench-pages" --figures docs/figures.md "$@"
}

# only_on_linux WHY: ends on other systems.
only_on_linux() {
    [ "$(uname -s)" = Linux ] || fail "$1; there is none for $(uname -s)"
}

# measured COMMAND: what was measured with which command, when, and on which computer.
measured() {
    printf '`%s`, %s, %s, on %s' "$1" "$(date -u +%Y-%m-%d)" \
        "$(git describe --always --dirty)" "$(machine)"
}

machine() {
    printf '%s CPUs (%s), %s GiB, Linux %s' "$(nproc)" \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)" \
        "$(awk '/^MemTotal/ { printf "%d", $2 / 1048576 + 0.5 }' /proc/meminfo)" "$(uname -r)"
}

# Only loopback, with a congestion control that does not pace, and with enough ports. With other
# settings of the machine, the result would depend on these settings and not on the proxies.
in_a_network_of_its_own() {
    local user=(--map-root-user)
    [ "$(id -u)" = 0 ] && user=()
    unshare --net "${user[@]}" sh -c '
        ip link set lo up
        cd /proc/sys/net
        echo reno >ipv4/tcp_congestion_control
        echo "1024 65535" >ipv4/ip_local_port_range
        echo 4096 >core/somaxconn
        cd "$OLDPWD"
        exec "$@"' sh "$@"
}
