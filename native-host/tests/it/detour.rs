//! Ways to Tor where it is blocked, as a person meets them: a file, a line, and what is said about them.

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

/// Configures the real `tor`, which can reach nobody, with `lines` for it.
fn configure(home: &TestHome, lines: &str) {
    let nobody = format!("DirAuthority x 127.0.0.1:1 {}", "F".repeat(40));
    home.configure(&format!(
        "[relay]\nport = {}\n[log]\nlevel = \"trace\"\n[tor]\nbackend = \"managed\"\n\
         extra_torrc = [\"{nobody}\", \"OutboundBindAddress 127.0.0.1\"]\n{lines}\n",
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
    let home = TestHome::new();
    configure(&home, "shadowsocks = \"shadowsocks\"");
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
    let home = TestHome::new();
    configure(&home, "bridges = [\n  \"203.0.113.9:443 12345\",\n]");
    let reason = "its fingerprint has not 40 hexadecimal digits";
    for args in [&["tor", "start"][..], &["monitor", "start"]] {
        let text = says(&home, args, 64, reason);
        assert!(
            text.contains("line 9") && !text.contains("203.0.113.9"),
            "{text}"
        );
    }
    says(&home, &["doctor"], 1, reason);
    assert!(home.daemon_pid().is_none());
}

#[test]
fn a_transport_without_its_program_is_told() {
    let home = TestHome::new();
    configure(
        &home,
        "bridges = [\"webtunnel 127.0.0.1:1 url=https://site.example/\",\n\
         \"snowflake 127.0.0.1:1 url=https://front.example/\"]",
    );
    says(
        &home,
        &["tor", "start"],
        69,
        ErrorCode::BridgeProgramMissing.sentence(),
    );
    says(
        &home,
        &["doctor"],
        1,
        "need a program that is not installed",
    );
}

#[test]
fn a_silent_server_is_a_trouble_that_clients_hear_of_and_no_file_learns_its_password() {
    let home = TestHome::new();
    // Accepts and answers nothing, as a server does to a wrong password.
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    write_private(&home, &format!("ss://aes-256-gcm:{PASSWORD}@{address}"));
    configure(&home, "shadowsocks = \"shadowsocks\"");
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
    for word in [PASSWORD, "Socks5ProxyPassword"] {
        looked += holds_nowhere(&home.root(), word.as_bytes());
        looked += holds_nowhere(Path::new("/proc"), word.as_bytes());
    }
    assert!(looked > 8, "{looked}");
}

/// Looks into every file below a home but the one, or into every command line; how many there were.
fn holds_nowhere(folder: &Path, word: &[u8]) -> usize {
    let mut looked = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("known");
        if folder == Path::new("/proc") {
            let line = fs::read(path.join("cmdline")).unwrap_or_default();
            let held = line.windows(word.len()).any(|part| part == word);
            assert!(!held, "{}", path.display());
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
