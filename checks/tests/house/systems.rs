//! What differs between operating systems has few places: `ARCHITECTURE.md`, "Operating systems".

use crate::{
    absent::{holds, product_code},
    files::{Tracked, read},
};
use std::collections::BTreeSet;

/// By these words code is of one kind of system.
const WORDS: &[&str] = &[
    "rustix",
    " nix::",
    "libc::",
    "os::unix",
    "os::fd",
    "os::windows",
    "target_os",
    "target_vendor",
    "target_env",
    "cfg(unix",
    "cfg!(unix",
    "cfg(windows",
    "cfg!(windows",
    "not(unix",
    "not(windows",
    "signal::unix",
    "net::unix",
    "UnixListener",
    "UnixStream",
    "/proc/",
];

/// The host's only place for it.
const HOST: &str = "native-host/src/system/";

/// Files of the crates below the host that may. Each asks for one thing of the system, which no
/// other crate needs.
const BELOW: &[&str] = &[
    "crates/meter-arti/src/connect.rs",
    "crates/meter-arti/src/socks.rs",
    "crates/meter-ledger/src/beside.rs",
    "crates/meter-ledger/src/fault.rs",
    "crates/meter-ledger/src/file.rs",
    "crates/meter-ledger/src/place.rs",
    "crates/meter-owner/src/lib.rs",
    "crates/meter-owner/src/linux/diagnostics.rs",
    "crates/meter-owner/src/linux/table.rs",
    "crates/meter-owner/src/listed.rs",
    "crates/meter-relay/src/accept.rs",
    "crates/meter-relay/src/dial/connect.rs",
    "crates/meter-relay/src/listen.rs",
    "crates/meter-relay/src/payload.rs",
    "crates/meter-relay/src/payload/pipe.rs",
    "crates/meter-relay/src/socket.rs",
    "crates/meter-tor/src/child.rs",
    "crates/meter-tor/src/config.rs",
    "crates/meter-tor/src/control/cookie.rs",
    "crates/meter-tor/src/control/event.rs",
    "crates/meter-tor/src/control/handshake.rs",
    "crates/meter-tor/src/detour.rs",
    "crates/meter-tor/src/dial.rs",
    "crates/meter-tor/src/folders.rs",
    "crates/meter-tor/src/folders/above.rs",
    "crates/meter-tor/src/folders/inside.rs",
    "crates/meter-tor/src/managed/torrc.rs",
    "crates/meter-tor/src/problem/folder.rs",
    "crates/meter-tor/src/socket.rs",
    "crates/meter-uplink/src/file.rs",
];

/// The files of product code below this folder that are of one operating system.
fn of_one_system(folder: &str) -> Vec<String> {
    let is_one = |file: &Tracked| WORDS.iter().any(|word| holds(file, word));
    let files = product_code().into_iter();
    let found = files.filter(|file| file.path.starts_with(folder) && is_one(file));
    found.map(|file| file.path).collect()
}

#[test]
fn the_host_asks_the_operating_system_in_one_folder_only() {
    let found = of_one_system("native-host/").into_iter();
    let (inside, outside): (Vec<_>, Vec<_>) = found.partition(|path| path.starts_with(HOST));
    assert_eq!(outside, [""; 0], "move it behind an interface in {HOST}");
    assert!(inside.len() > 8, "{inside:?}");
}

#[test]
fn files_below_the_host_that_are_of_one_operating_system_are_listed() {
    assert_eq!(of_one_system("crates/"), BELOW);
}

/// What the document says is compiled for Windows is what `./build.sh test` compiles.
#[test]
fn the_document_lists_the_crates_that_are_checked_for_windows() {
    let script = read("build/check.sh");
    let list = script.split_once("readonly FOR_WINDOWS=(");
    let list = list.and_then(|(_, rest)| rest.split_once(')'));
    let (list, _) = list.expect("a list in brackets");
    let checked: BTreeSet<_> = list.split_whitespace().collect();
    let document = read("ARCHITECTURE.md");
    let row = document
        .lines()
        .find(|line| line.starts_with("| Windows |"))
        .expect("a row about Windows");
    let said: BTreeSet<_> = row
        .split('`')
        .filter(|word| word.starts_with("meter-"))
        .collect();
    assert_eq!(said, checked);
}
