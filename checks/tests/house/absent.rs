//! Things that are absent on purpose: `ARCHITECTURE.md`, "Invariants, by what is absent".

use crate::files::{Tracked, tracked};
use meter_core::SignedKind;

/// Whether a file belongs to the products and their libraries.
pub(crate) fn is_product(path: &str) -> bool {
    path.contains("/src/")
        && !path.starts_with("crates/meter-fixtures/")
        && !path.starts_with("crates/meter-testkit/")
        && !path.starts_with("checks/")
        && !path.starts_with("benches/")
}

/// Whether a file holds nothing but tests: `tests.rs`, or a file in a folder `tests` below `src`,
/// which belongs to a module of tests.
pub(crate) fn is_of_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The code of the products and their libraries, without tests and examples.
pub(crate) fn product_code() -> Vec<Tracked> {
    let files = tracked(".rs").into_iter();
    let files = files.filter(|file| is_product(&file.path));
    files.map(without_tests).collect()
}

/// Tests stand at the end of a file, or in a file of their own.
fn without_tests(mut file: Tracked) -> Tracked {
    let tests = is_of_tests(&file.path);
    let end = file.text.find("#[cfg(test)]\nmod tests");
    let keep = if tests {
        0
    } else {
        end.unwrap_or(file.text.len())
    };
    file.text.truncate(keep);
    file
}

/// Lines of code that contain `word`. Comments may contain words that code may not.
pub(crate) fn holds(file: &Tracked, word: &str) -> bool {
    let mut lines = file.text.lines();
    lines.any(|line| !line.trim_start().starts_with("//") && line.contains(word))
}

#[track_caller]
fn only_in(files: &[Tracked], word: &str, expected: &[&str]) {
    let found = files.iter().filter(|file| holds(file, word));
    let found: Vec<_> = found.map(|file| file.path.as_str()).collect();
    assert_eq!(found, expected, "{word}");
}

#[test]
fn the_ways_out_of_a_process_are_few_and_named() {
    let files = product_code();
    assert!(files.len() > 80, "{}", files.len());
    let tor = "crates/meter-tor/src/dial.rs";
    // The second connects to the person's own Shadowsocks server, and closes as soon as the server
    // has accepted.
    let tcp = [tor, "crates/meter-uplink/src/dial.rs"];
    only_in(&files, "TcpStream::connect", &tcp);
    // The library that connects to that server, and the files that configure it.
    only_in(
        &files,
        "shadowsocks_service::",
        &[
            "crates/meter-uplink/src/config.rs",
            "crates/meter-uplink/src/local_end.rs",
            "crates/meter-uplink/src/server.rs",
        ],
    );
    let unix = [tor, "native-host/src/system/local_socket.rs"];
    only_in(&files, "UnixStream::connect", &unix);
    // The first makes Arti's connections to Tor relays. The second is the relay's dialer, which
    // uses plain sockets.
    let arti = "crates/meter-arti/src/connect.rs";
    only_in(
        &files,
        "socket2::",
        &[arti, "crates/meter-relay/src/dial/connect.rs"],
    );
    let port = "crates/meter-relay/src/listen.rs";
    // The last two are the port of `onionmeter serve` and that of the ledger.
    let face = "crates/meter-face/src/address.rs";
    let ports = [arti, face, port, "ledger-server/src/http/server.rs"];
    only_in(&files, "TcpSocket::", &ports);
    // The first sets one option of that port. The second and the fourth block a signal. The others
    // read this computer's clocks, the holder of a lock, and the list of this computer's addresses.
    let nix = [
        port,
        "ledger-server/src/cli.rs",
        "native-host/src/system/clock.rs",
        "native-host/src/system/limits.rs",
        "native-host/src/system/lock.rs",
        "native-host/src/system/network.rs",
    ];
    only_in(&files, " nix::", &nix);
    // The second shows a notification. The fourth becomes the browser that a person wants to open.
    // The last one starts this program again, as a browser would.
    let children = [
        "crates/meter-tor/src/child.rs",
        "native-host/src/daemon/second_witness.rs",
        "native-host/src/ipc/start.rs",
        "native-host/src/launch.rs",
        "native-host/src/registration/trial.rs",
    ];
    only_in(&files, "Command::new(", &children);
    // Only the relay's stats address.
    only_in(
        &files,
        "TcpListener::bind",
        &["native-host/src/cli/relay.rs"],
    );
    let nowhere = [
        "UdpSocket",
        "lookup_host",
        "to_socket_addrs",
        "ToSocketAddrs",
    ];
    for word in nowhere {
        only_in(&files, word, &[]);
    }
    let sockets = [
        "crates/meter-arti/src/socks.rs",
        "native-host/src/system/local_socket.rs",
    ];
    only_in(&files, "UnixListener::bind", &sockets);
}

#[test]
fn no_task_is_without_an_owner_and_no_queue_without_a_bound() {
    let files = product_code();
    for word in [
        "tokio::spawn",
        "unbounded_channel",
        "set_var(",
        "thread::spawn",
    ] {
        only_in(&files, word, &[]);
    }
}

/// The kit's own dialer reaches loopback only. Nothing else in the kit opens a connection.
#[test]
fn the_test_kit_has_one_dialer() {
    let files = tracked(".rs").into_iter();
    let kit = files.filter(|file| file.path.starts_with("crates/meter-testkit/src/"));
    let kit: Vec<_> = kit.collect();
    only_in(
        &kit,
        "TcpStream::connect",
        &["crates/meter-testkit/src/loopback.rs"],
    );
}

#[test]
fn one_file_reads_the_clocks_that_reach_a_report() {
    let files = product_code();
    only_in(
        &files,
        "SystemTime::now",
        &[
            // The clock of a ledger that keeps an SQLite file, and the one that PostgreSQL's is
            // compared with.
            "ledger-server/src/store/clock.rs",
            "native-host/src/system/clock.rs",
        ],
    );
    let std_clock = files.into_iter().filter(|file| {
        // Deadlines and pauses of Tor, of its detours and of clients use tokio's clock, so that
        // tests can pause it.
        !file.path.starts_with("crates/meter-tor/")
            && !file.path.starts_with("crates/meter-uplink/")
            && !file.path.starts_with("native-host/src/ipc/")
            // Timers of connections; what is stored has the time of the database.
            && !file.path.starts_with("ledger-server/src/http/")
            // For how long a report has waited for the database, for the operator.
            && file.path != "ledger-server/src/committer.rs"
            // Limits of waits for PostgreSQL.
            && file.path != "ledger-server/src/store/postgres/wait.rs"
            // The same holds for the pause before a server is started again.
            && file.path != "crates/meter-uplink/src/uplink.rs"
    });
    let std_clock: Vec<_> = std_clock.collect();
    only_in(
        &std_clock,
        "Instant::now",
        &["native-host/src/system/clock.rs"],
    );
}

#[test]
fn the_pure_parts_know_no_world() {
    let pure = [
        "crates/meter-core/src/",
        "crates/meter-embedded/src/",
        "crates/meter-wire/src/",
        "extension-wasm/src/update",
        "extension-wasm/src/view",
        "extension-wasm/src/drawn.rs",
        "extension-wasm/src/extension.rs",
        "extension-wasm/src/inbox.rs",
        "extension-wasm/src/proxy_value.rs",
        "extension-wasm/src/saved.rs",
    ];
    let files = product_code().into_iter();
    let files = files.filter(|file| pure.iter().any(|begin| file.path.starts_with(begin)));
    let files: Vec<_> = files.collect();
    assert!(files.len() > 25, "{}", files.len());
    let world = [
        "async fn",
        "getrandom",
        "js_sys",
        "std::env",
        "std::fs",
        "std::net::Tcp",
        "std::process",
        "std::thread",
        "std::time",
        "tokio",
        "tracing",
        "wasm_bindgen",
    ];
    for word in world {
        only_in(&files, word, &[]);
    }
    // A reader has to name them in order to refuse them.
    for word in ["f32", "f64"] {
        only_in(&files, word, &["crates/meter-wire/src/read.rs"]);
    }
}

#[test]
fn only_one_file_names_a_browser_api() {
    let files = product_code();
    only_in(&files, "extern \"C\"", &["extension-wasm/src/bindings.rs"]);
    let touches_js = |file: &&Tracked| holds(file, "js_sys") || holds(file, "wasm_bindgen");
    for file in files.iter().filter(touches_js) {
        let glue = ["bindings.rs", "lib.rs", "runtime.rs"];
        let known = file.path.starts_with("extension-wasm/src/runtime/")
            || glue
                .iter()
                .any(|name| file.path == format!("extension-wasm/src/{name}"));
        assert!(known, "{}", file.path);
    }
}

/// Only the host has what makes signatures.
#[test]
fn the_extension_holds_no_key() {
    let files = product_code().into_iter();
    let extension = files.filter(|file| file.path.starts_with("extension-wasm/"));
    let extension: Vec<_> = extension.collect();
    for word in [
        "DeviceSigner",
        "Signer<",
        "SigningKey",
        "from_seed",
        ".sign(",
    ] {
        only_in(&extension, word, &[]);
    }
}

/// A signature over one kind is not valid over another, as long as each kind belongs to one type.
#[test]
fn each_kind_of_signed_body_belongs_to_one_type() {
    let files = product_code();
    for kind in SignedKind::ALL {
        let claim = format!("const KIND: SignedKind = SignedKind::{kind:?};");
        let claims = files.iter().map(|file| file.text.matches(&claim).count());
        assert_eq!(claims.sum::<usize>(), 1, "types that say they are {kind:?}");
    }
    let claims = files.iter();
    let claims = claims.map(|file| file.text.matches("const KIND: SignedKind = ").count());
    assert_eq!(claims.sum::<usize>(), SignedKind::ALL.len());
}

/// A page that writes markup can be made to run foreign markup.
#[test]
fn the_popup_draws_text_nodes_only() {
    let scripts = tracked(".js");
    assert!(scripts.len() >= 2);
    let pages = scripts.iter().filter(|file| !file.path.contains("/tests/"));
    for file in pages {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!file.text.contains(word), "{}: {word}", file.path);
        }
    }
}
