#!/bin/sh
# stable-names.sh RUSTC ARGUMENT...: the compiler as Cargo calls it (RUSTC_WRAPPER), with a
# crate's name and version in two places. Cargo's hash of a crate goes into the names of all its
# functions, and changes with each feature of each crate below it; then native-host/layout.txt
# knows none of them any more. And the places of panics, which the log shows, would name the
# folders of whoever built the program.
compiler=$1 crate=${CARGO_PKG_NAME-}-${CARGO_PKG_VERSION-}
shift
# Cargo only asks which compiler it is.
[ -n "${CARGO_CRATE_NAME:-}" ] || exec "$compiler" "$@"
left=$#
while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    left=$((left - 1))
    case $argument in
    metadata=*) argument=metadata=$crate ;;
    esac
    set -- "$@" "$argument"
done
exec "$compiler" "$@" --remap-path-prefix="$CARGO_MANIFEST_DIR=$crate"
