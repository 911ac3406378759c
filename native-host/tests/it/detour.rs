//! Ways to Tor where it is blocked (a file, a line in `config.toml`), and what the program says
//! about them.

use crate::support::TestHome;
use meter_wire::{ErrorCode, FromDaemon, Notice, Request, TorState};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

const PASSWORD: &str = "correct-horse-battery";

/// The backends that can use a detour; both start a real Tor.
const OURS: &[&str] = &[
    "managed",
    #[cfg(feature = "embedded-tor")]
    "embedded",
];

/// Configures a Tor of ours that reaches no network, with `lines` for it.
fn configure(home: &TestHome, backend: &str, lines: &str) {
    let nobody = "F".repeat(40);
    let network = if backend == "managed" {
        format!(
            "extra_torrc = [\"DirAuthority x 127.0.0.1:1 {nobody}\", \"OutboundBindAddress \
                127.0.0.1\"]\n"
        )
    } else {
        let contacts = "[[\"127.0.0.1:1\"]]";
        format!(
            "[[tor.arti.tor_network.fallback_caches]]\nrsa_identity = \"{nobody}\"\n\
             ed_identity = \"lviF3ZJEbUFT0MObt6JAglyD/cNeUoK5ruSkGryKAr0\"\n\
             orports = [\"127.0.0.1:1\"]\n\
             [tor.arti.tor_network.authorities]\nv3idents = [\"{nobody}\"]\n\
             uploads = {contacts}\ndownloads = {contacts}\nvotes = {contacts}\n"
        )
    };
    home.configure(&format!(
        "[relay]\nport = {}\n[log]\nlevel = \"trace\"\n[tor]\nbackend = \
            \"{backend}\"\n{lines}\n{network}",
        home.relay_port
    ));
}

fn write_private(home: &TestHome, text: &str) {
    let path = home.root().join("shadowsocks");
    let mut options = fs::OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    file.expect("made")
        .write_all(text.as_bytes())
        .expect("written");
}

#[track_caller]
fn says(home: &TestHome, args: &[&str], code: i32, part: &str) -> String {
    let output = home.run(args);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(part), "{args:?} says {part:?}: {text}");
    text.into_owned()
}

#[test]
fn a_shadowsocks_file_that_cannot_be_used_is_told_everywhere_until_it_is_mended() {
    OURS.iter().for_each(|backend| a_bad_file_is_told(backend));
}

fn a_bad_file_is_told(backend: &str) {
    let home = TestHome::new();
    configure(&home, backend, "shadowsocks = \"shadowsocks\"");
    let sentence = ErrorCode::ShadowsocksRefused.sentence();
    says(&home, &["tor", "start"], 69, sentence);
    says(&home, &["status"], 0, "the file is not there");
    says(&home, &["doctor"], 1, "the file is not there");

    write_private(&home, &format!("ss://rc4-md5:{PASSWORD}@127.0.0.1:1"));
    let text = says(&home, &["tor", "start"], 69, "its method is not one of");
    assert!(!text.contains(PASSWORD), "{text}");
    let file = home.root().join("shadowsocks");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("ours");
    says(&home, &["doctor"], 1, "chmod 600");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");

    write_private(&home, &format!("ss://aes-256-gcm:{PASSWORD}@127.0.0.1:1"));
    says(&home, &["tor", "start"], 0, "");
    says(&home, &["doctor"], 0, "its owner sees your address");
}

#[test]
fn a_line_that_is_no_bridge_is_told_with_its_line_and_nothing_starts() {
    OURS.iter().for_each(|backend| a_bad_line_is_told(backend));
}

fn a_bad_line_is_told(backend: &str) {
    let home = TestHome::new();
    configure(
        &home,
        backend,
        "bridges = [\n  \"203.0.113.9:443 12345\",\n]",
    );
    let reason = "its fingerprint does not have 40 hexadecimal digits";
    for args in [&["tor", "start"][..], &["monitor", "start"]] {
        let text = says(&home, args, 78, reason);
        assert!(
            text.contains("line 8") && !text.contains("203.0.113.9"),
            "{text}"
        );
    }
    says(&home, &["doctor"], 1, reason);
    assert!(home.daemon_pid().is_none());
}

#[test]
fn a_transport_without_its_program_is_told() {
    let bridge = format!("127.0.0.1:1 {}", "A".repeat(40));
    for backend in OURS {
        let home = TestHome::new();
        let lines = format!(
            "bridges = [\"webtunnel {bridge} url=https://site.example/\",\n\
             \"snowflake {bridge} url=https://front.example/\"]"
        );
        configure(&home, backend, &lines);
        let sentence = ErrorCode::BridgeProgramMissing.sentence();
        says(&home, &["tor", "start"], 69, sentence);
        let doctor = "need a program that is not installed";
        says(&home, &["doctor"], 1, doctor);
    }
}

/// Only the daemon can know this: which Tor it would use depends on what is installed.
#[cfg(feature = "embedded-tor")]
#[test]
fn a_bridge_that_the_built_in_tor_cannot_use_is_told_where_no_other_is_installed() {
    let home = TestHome::new();
    let lines = "program = \"/nowhere/tor\"\nbridges = [\"127.0.0.1:1\"]";
    configure(&home, "auto", lines);
    let sentence = ErrorCode::ConfigInvalid.sentence();
    says(&home, &["tor", "start"], 78, sentence);
    let text = says(&home, &["doctor"], 1, "write the fingerprint into its line");
    assert!(!text.contains("127.0.0.1:1 "), "{text}");
}

#[test]
fn a_silent_server_is_a_trouble_that_clients_hear_of_and_no_file_learns_its_password() {
    OURS.iter()
        .for_each(|backend| a_silent_server_is_told(backend));
}

fn a_silent_server_is_told(backend: &str) {
    let home = TestHome::new();
    // It accepts and answers nothing, as a server does after a wrong password.
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    write_private(&home, &format!("ss://aes-256-gcm:{PASSWORD}@{address}"));
    configure(&home, backend, "shadowsocks = \"shadowsocks\"");
    let mut bridge = home.bridge();
    bridge.hello(true);
    bridge.send(2, Request::TorStart);
    let found = loop {
        if let FromDaemon::Notice(Notice::Status(status)) = bridge.receive().expect("attached")
            && let Some(trouble) = status.tor.trouble
        {
            assert!(matches!(status.tor.state, TorState::Bootstrapping { .. }));
            break trouble;
        }
    };
    assert_eq!(found.problem.code, ErrorCode::ShadowsocksSilent);
    says(
        &home,
        &["status"],
        0,
        ErrorCode::ShadowsocksSilent.sentence(),
    );
    says(&home, &["doctor"], 1, &found.action);

    let log = fs::read_to_string(home.root().join("log/onionmeter.log")).expect("a log");
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "{log}");
    let mut looked = 0;
    for word in [PASSWORD, "Socks5ProxyPassword", "\"proxy\":{"] {
        looked += holds_nowhere(&home.root(), word.as_bytes());
        looked += holds_nowhere(Path::new("/proc"), word.as_bytes());
    }
    assert!(looked > 8, "{looked}");
}

/// Checks that `word` is in no file below a home but `shadowsocks`, or in no command line and
/// environment. Returns how many files it read.
fn holds_nowhere(folder: &Path, word: &[u8]) -> usize {
    let mut looked = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("known");
        if folder == Path::new("/proc") {
            for name in ["cmdline", "environ"] {
                let text = fs::read(path.join(name)).unwrap_or_default();
                let held = text.windows(word.len()).any(|part| part == word);
                assert!(!held, "{}", path.display());
            }
        } else if kind.is_dir() {
            looked += holds_nowhere(&path, word);
        } else if kind.is_file() && !path.ends_with("shadowsocks") {
            let mut bytes = Vec::new();
            let read = fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
            looked += usize::from(read.is_ok());
            let held = bytes.windows(word.len()).any(|part| part == word);
            assert!(!held, "{}", path.display());
        }
    }
    looked
}
