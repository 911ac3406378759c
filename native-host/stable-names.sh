#!/bin/sh
# stable-names.sh RUSTC ARGUMENT...: the compiler as Cargo calls it (RUSTC_WRAPPER), with a name and a version in place of
# Cargo's hash. That hash of a crate goes into the names of all its functions, and changes with each feature of each crate
# below it; then native-host/layout.txt knows none of them any more.
compiler=$1
shift
# Cargo only asks which compiler it is.
[ -n "${CARGO_CRATE_NAME:-}" ] || exec "$compiler" "$@"
left=$#
while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    left=$((left - 1))
    case $argument in
    metadata=*) argument=metadata=$CARGO_PKG_NAME-$CARGO_PKG_VERSION ;;
    esac
    set -- "$@" "$argument"
done
exec "$compiler" "$@"
