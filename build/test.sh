# shellcheck shell=bash
# Everything that `./build.sh test` does, and the jobs into which it splits the tests.

readonly LOGS=dist/tests
# How much of the output of what failed is shown.
readonly LINES_SHOWN=120
# How many test jobs run at the same time; set fewer where there is little memory.
readonly SIDE_BY_SIDE=${ONIONMETER_CHECKS_AT_ONCE:-4}
# All crates, with the embedded Tor.
readonly WHOLE=(--workspace --locked --features "onionmeter/embedded-tor,checks/embedded-tor")

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
    part "  clippy with the embedded Tor" cargo clippy "${WHOLE[@]}" \
        --all-targets --quiet -- -D warnings
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
    local longest=(tests-elsewhere trouble pages detours browsers defaults kills enrolled)
    longest+=(circuits tests-in-crates it isolation states popup)
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
    (cd "$LOGS" && grep -A 8 -E "^thread '.*' .*panicked at|^test .* FAILED" ./*.log |
        cut -c 1-500 | head -n 200) >&2 || true
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
        without-embedded)
            command=(env RUST_TEST_THREADS=4 cargo test --locked --package onionmeter)
            ;;
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
            mapfile -t others < <(comm -23 <(integration_tests .) \
                <(integration_tests checks crates) | grep -vx it)
            command=("${whole[@]}" "${others[@]/#/--test=}" "$@")
            ;;
        *) command=("${whole[@]}" --test "$name" "$@") ;;
    esac
    # The limit ends a test that hangs.
    [[ ${command[0]} = cargo || ${command[0]} = env ]] &&
        command=(timeout --kill-after=10s 20m "${command[@]}")
    logged "$name" "${command[@]}"
    say "passed in $((SECONDS - begun)) s: $name"
}

# Every test program that was built must also have run, in whichever job.
none_forgotten() {
    local forgotten
    forgotten=$(comm -23 <(test_programs Executable "$LOGS/build-whole.log") \
        <(test_programs Running "$LOGS"/*.log))
    [ -z "$forgotten" ] || fail "no job ran these test programs: $forgotten"
}

# test_programs WORD FILE...: the files that cargo names after this word.
test_programs() {
    sed -n "s/^ *$1 .*(\(.*\))\$/\1/p" "${@:2}" | sort -u
}
