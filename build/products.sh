# shellcheck shell=bash
# Builds what people get: the extension, the page and the programs.

# release OPTION...: builds what people get. The names of its functions hold neither types, nor
# the content of a file, nor the features of crates as a number, so that they stay the same when
# the code around them changes: native-host/layout.txt lists them. The option for LLVM does this
# for names that the compiler makes when it optimises across crates. A wrapper that a person has
# set stays; the list then fits less, which costs memory and nothing else. Cargo does not see that
# a wrapper is new; the `cfg`, which nothing asks for, makes it build anew what it built without.
release() {
    local wrapper=${RUSTC_WRAPPER-}
    [ "$(uname -s)" = Linux ] && wrapper=${wrapper:-$PWD/native-host/stable-names.sh}
    local flags="${RUSTFLAGS:-} -Csymbol-mangling-version=v0"
    flags+=" -Cllvm-args=-use-source-filename-for-promoted-locals --cfg stable_names"
    RUSTC_WRAPPER=$wrapper RUSTFLAGS=$flags cargo build --release --locked "$@"
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

ledger() {
    setup_rust
    step "building the ledger server"
    release --package onionmeter-ledger
    step "starting a ledger; Ctrl-C ends it"
    exec "${CARGO_TARGET_DIR:-target}/release/onionmeter-ledger" serve "$@"
}
