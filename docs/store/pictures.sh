#!/usr/bin/env bash
# Makes the stores' pictures, dist/store/*.png, from those that the tests left in dist/checks:
#
#   ./build.sh build && cargo test -p checks --test popup --test rivals --test pages &&
#       docs/store/pictures.sh
#
# Both stores take 1280x800, and Chrome's store a small tile of 440x280 besides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mkdir -p dist/store
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=(--headless --hide-scrollbars --user-data-dir="$work/profile")
# Chromium's sandbox does not work for root.
[ "$(id -u)" = 0 ] && options+=(--no-sandbox)

# shoot NAME WIDTH,HEIGHT PAGE
shoot() {
    if ! chromium "${options[@]}" --window-size="$2" --screenshot="$PWD/dist/store/$1.png" \
        "file://$3" 2>"$work/said"; then
        cat "$work/said" >&2
        return 1
    fi
    echo "dist/store/$1.png"
}

# framed NAME STYLE PICTURE...: the pictures side by side; what is below the lower edge is left out.
framed() {
    local name=$1 style=$2 picture
    shift 2
    {
        echo '<!doctype html><meta charset="utf-8">'
        echo '<style>html { overflow: hidden; background: #efeaf6 }'
        echo 'body { margin: 40px; display: flex; gap: 60px;'
        echo 'justify-content: center; align-items: start }'
        echo 'img { border-radius: 10px; box-shadow: 0 4px 24px #211c2b40; '"$style"' }</style>'
        for picture in "$@"; do
            [ -f "dist/checks/$picture" ] || {
                echo "dist/checks/$picture is missing;" \
                    "the head of this file has the command that makes it" >&2
                return 1
            }
            echo "<img alt='' src='file://$PWD/dist/checks/$picture'>"
        done
    } >"$work/page.html"
    shoot "$name" 1280,800 "$work/page.html"
}

framed 1-popup 'height: 720px' chromium-circuit-light.png chromium-circuit-dark.png
framed 2-welcome '' welcome/chromium-1000-light.png
framed 3-dashboard '' pages/Chromium-dashboard-wide-light.png
# Moved up, so that the whole window of the session is seen.
framed 4-session 'margin-top: -270px' pages/Chromium-session-wide-light.png
framed 5-options '' pages/Chromium-options-wide-light.png
shoot tile 440,280 "$PWD/docs/store/tile.svg"
