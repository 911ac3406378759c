#!/bin/sh
# Makes the toolbar's icons in both sizes of the drawings in icons/states. Run it after one of these
# was changed. It needs Chromium.
set -eu

cd "$(dirname "$0")/states"
sandbox=
[ "$(id -u)" = 0 ] && sandbox=--no-sandbox
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
for drawing in *.svg; do
    for size in 16 32; do
        cat >"$profile/page.html" <<END
<canvas width="$size" height="$size"></canvas>
<img src="data:image/svg+xml;base64,$(base64 -w 0 "$drawing")" onload="
    const canvas = document.querySelector('canvas');
    canvas.getContext('2d').drawImage(this, 0, 0, $size, $size);
    document.title = canvas.toDataURL('image/png')">
END
        chromium --headless $sandbox --user-data-dir="$profile/profile" --virtual-time-budget=5000 \
            --dump-dom "file://$profile/page.html" 2>/dev/null |
            sed -n 's/.*<title>data:image\/png;base64,\([^<]*\)<.*/\1/p' |
            base64 -d >"${drawing%.svg}-$size.png"
        [ -s "${drawing%.svg}-$size.png" ]
    done
done
