#!/usr/bin/env bash
# One script for everything: it sets up the machine, builds, runs, measures and tests.
# `./build.sh help` explains it; the folder `build` has what the words do.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

readonly TOOLS=${ONIONMETER_TOOLS:-$HOME/.cache/onionmeter/tools}
readonly EXTENSION=dist/extension PAGE=dist/page
export ONIONMETER_TOOLS=$TOOLS PATH=$TOOLS/bin:$PATH

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
./build.sh gallery pictures of every page and state of the extension, light and dark, in English,
                   Persian and German, with an index: dist/gallery/index.html; and the picture with
                   which the README opens, docs/pages.png. Ends with what is cut off, if anything is
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

# shellcheck source=build/tools.sh
. build/tools.sh
# shellcheck source=build/set_up.sh
. build/set_up.sh
# shellcheck source=build/products.sh
. build/products.sh
# shellcheck source=build/run.sh
. build/run.sh
# shellcheck source=build/check.sh
. build/check.sh
# shellcheck source=build/test.sh
. build/test.sh
# shellcheck source=build/bench.sh
. build/bench.sh

mkdir -p dist
case ${1:-help} in
    build | run | test) "$1" ;;
    demo | bench | check | gallery | layout | ledger) word=$1; shift; "$word" "$@" ;;
    # `test` itself calls these.
    job) shift; job "$@" ;;
    compiling) compiling ;;
    help | -h | --help) help ;;
    *) help >&2; exit 64 ;;
esac
