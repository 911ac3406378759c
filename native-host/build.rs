//! How the program is laid out, so that an idle daemon keeps little of it in memory: its relative
//! relocations are packed into a thirtieth, because the system's loader reads them all at each
//! start, and the functions that a daemon runs stand together, because the system maps sixteen
//! pages around each that is used.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The functions, one symbol in a line; `./build.sh layout` writes it. The linker ignores names
/// that this program does not have, so an old list costs memory and breaks nothing.
const LAYOUT: &str = "layout.txt";

/// Set to anything, the program keeps its symbols, by which `./build.sh layout` knows what it runs.
/// A profile of its own for that would give them other names.
const SYMBOLS: &str = "ONIONMETER_SYMBOLS";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LAYOUT}");
    println!("cargo::rerun-if-env-changed={SYMBOLS}");
    if !is_native_gnu() {
        return;
    }
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        if env::var_os(SYMBOLS).is_none() {
            // Cargo forgets the profile's `strip` for a package whose `opt-level` differs from the
            // profile's, and keeps 7 MB of names.
            println!("cargo::rustc-link-arg-bins=-Wl,--strip-all");
        }
        if linker_takes_an_order() {
            // Cargo links in the folder of the workspace. A whole path would be wrong, and nothing
            // would link, once a person has moved that folder.
            let file = "--symbol-ordering-file=native-host";
            println!("cargo::rustc-link-arg-bins=-Wl,{file}/{LAYOUT}");
            println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
        }
    }
}

/// Whether the program is built for this computer, and with glibc.
fn is_native_gnu() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && env::var("HOST").ok() == env::var("TARGET").ok()
}

/// The version of this computer's glibc. Its loader knows packed relocations from 2.36 on.
fn glibc() -> Option<(u32, u32)> {
    let printed = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(printed.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether the linker is LLD, which alone has these options: the one that Rust brings is the
/// default on x86-64 (Rust 1.90), unless the person who builds has chosen another.
fn linker_takes_an_order() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_chosen = env::var_os("RUSTC_LINKER").is_some()
        || ["linker", "fuse-ld"]
            .iter()
            .any(|word| flags.contains(word));
    let is_default = env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu");
    is_default && !is_chosen && brought_lld().is_some_and(|lld| lld.is_file())
}

fn brought_lld() -> Option<PathBuf> {
    let printed = Command::new(env::var_os("RUSTC")?)
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let sysroot = PathBuf::from(String::from_utf8(printed.stdout).ok()?.trim());
    let tools = Path::new("lib/rustlib/x86_64-unknown-linux-gnu/bin");
    Some(sysroot.join(tools).join("gcc-ld/ld.lld"))
}
