#!/bin/sh
# Puts the extension together: assemble.sh WASM_BINDGEN OUT_DIR
#
# WASM_BINDGEN is the program `wasm-bindgen` in the version that Cargo.lock names; OUT_DIR becomes
# the folder to load unpacked. Needs the Wasm target. Safe to run again: OUT_DIR is replaced whole,
# and only after everything worked.
#
# WASM_OPT in the environment is the command that runs Binaryen's wasm-opt, as build.sh sets it.
# Without it the module is a tenth larger, and its size is not checked.
set -eu

if [ "$#" -ne 2 ]; then
    echo "usage: assemble.sh WASM_BINDGEN OUT_DIR" >&2
    exit 64
fi
wasm_bindgen=$1
out=$2
root=$(cd "$(dirname "$0")/.." && pwd)
target=$(cd "$root" && cargo metadata --format-version 1 --no-deps |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

wanted=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p;}' "$root/Cargo.lock")
found=$("$wasm_bindgen" --version | cut -d ' ' -f 2)
if [ "$wanted" != "$found" ]; then
    echo "wasm-bindgen is $found, but Cargo.lock has $wanted; install it with:" >&2
    echo "  cargo install wasm-bindgen-cli --version $wanted --locked" >&2
    exit 69
fi

# Without their folder, which holds the name of who builds this: it is nobody's business, and the
# module has the same bytes everywhere.
sources=${CARGO_HOME:-$HOME/.cargo}/registry/src/
quoted=$(printf '%s' "$sources" | sed 's/[\\"]/\\&/g')
(cd "$root" && cargo build -p extension-wasm --target wasm32-unknown-unknown --profile wasm \
    --config "target.wasm32-unknown-unknown.rustflags = [\"--remap-path-prefix=$quoted=\"]")

new="$out.new"
rm -rf "$new"
mkdir -p "$new/popup" "$new/dashboard" "$new/options" "$new/welcome" "$new/pages" \
    "$new/icons/states"
"$wasm_bindgen" --target no-modules --no-typescript --remove-name-section --out-dir "$new" \
    "$target/wasm32-unknown-unknown/wasm/onionmeter.wasm"

# Bytes that the module may have. A worker compiles all of them at each of its starts.
most=478000
module="$new/onionmeter_bg.wasm"
if [ -n "${WASM_OPT:-}" ]; then
    # No address below 1024 is used: Rust puts the stack there, whose end it never reaches. The
    # second round finds what the first one has made possible.
    ways="-Oz -Oz --low-memory-unused"
    # It takes half a minute, so its result is kept for the same module.
    kept="$target/wasm32-unknown-unknown/wasm/small"
    sum="$ways $(cksum <"$module")"
    if [ "$(cat "$kept.sum" 2>/dev/null)" != "$sum" ]; then
        # shellcheck disable=SC2086 # a command with its arguments
        $WASM_OPT $ways "$module" -o "$kept.wasm"
        echo "$sum" >"$kept.sum"
    fi
    cp "$kept.wasm" "$module"
    size=$(($(wc -c <"$module")))
    echo "the Wasm module has $size bytes of $most" >&2
    if [ "$size" -gt "$most" ]; then
        decision=docs/decisions/0041-a-module-that-reads-json-in-one-way.md
        echo "it is too large; $decision says what made it small" >&2
        exit 70
    fi
fi

# A function around all of it: each call makes an instance of its own, so that one which broke can
# be replaced. A worker cannot import a module twice.
{
    echo "export function load() {"
    cat "$new/onionmeter.js"
    echo "return wasm_bindgen;"
    echo "}"
} >"$new/onionmeter.new.js"
mv "$new/onionmeter.new.js" "$new/onionmeter.js"

# A module that wants something of `env` links against a C library that is not there.
if grep -q "imports\[['\"]env['\"]\]\|imports\.env\b\|from ['\"]env['\"]" "$new/onionmeter.js"; then
    echo "the Wasm module imports from \`env\`" >&2
    exit 70
fi

if grep -qF "$sources" "$module"; then
    echo "the Wasm module names $sources, a folder of this machine" >&2
    exit 70
fi

cp "$root/manifest.json" "$new/"
cp "$root/extension-wasm/js/service_worker.js" "$root/extension-wasm/js/shut.js" \
    "$root/extension-wasm/js/badge.js" "$root/extension-wasm/js/notify.js" \
    "$root/extension-wasm/js/clicks.js" "$new/"
cp "$root/extension-wasm/js/pages/"*.js "$new/pages/"
cp "$root/popup/"* "$new/popup/"
# The page of `onionmeter serve`, with another source for its view: the worker.
cp "$root/dashboard/"*.html "$root/dashboard/"*.css "$root/dashboard/"*.js "$new/dashboard/"
rm "$new/dashboard/transport.js"
cp "$root/extension-wasm/js/source.js" "$new/dashboard/"
cp "$root/options/"* "$new/options/"
cp "$root/welcome/"* "$new/welcome/"

# Chromium shows a popup when all its files are there, and each costs it some milliseconds. So the
# styles that a page names become one file.
for page in popup dashboard options welcome; do
    file="$new/$page/$page.html"
    styles=$(sed -n 's/^ *<link rel="stylesheet" href="\(.*\)">$/\1/p' "$file")
    # shellcheck disable=SC2086 # a list of files
    (cd "$new/$page" && cat $styles >all.css)
    awk '/rel="stylesheet"/ {
        if (!named++) print "    <link rel=\"stylesheet\" href=\"all.css\">"
        next
    } { print }' "$file" >"$file.new"
    mv "$file.new" "$file"
done
find "$new" -name '*.css' ! -name all.css -delete

cp -R "$root/_locales" "$new/"
cp "$root/extension-wasm/icons/"*.png "$new/icons/"
cp "$root/extension-wasm/icons/states/"*.png "$new/icons/states/"
rm -rf "$out"
mv "$new" "$out"
echo "$out"
