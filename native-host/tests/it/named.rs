//! Files, sockets and programs that a setting names: what is not there is told when it is set.

use crate::{
    said::{Said, check},
    scripts::object,
    support::TestHome,
};
use std::{fs, os::unix::fs::PermissionsExt as _};

fn file(home: &TestHome) -> String {
    fs::read_to_string(home.root().join("config.toml")).expect("there")
}

/// The setting, a value that names nothing that is there, and what is said of it.
const UNUSABLE: &[(&str, &str, &str)] = &[
    (
        "tor.shadowsocks",
        "/nowhere/server",
        "/nowhere/server: Shadowsocks: the file is not there",
    ),
    (
        "tor.shadowsocks",
        "open",
        "open: Shadowsocks: the file can be read by others (mode 644)",
    ),
    (
        "tor.shadowsocks",
        "key",
        "key: Shadowsocks: the file is not a plain file",
    ),
    ("tor.program", "/nowhere/tor", "/nowhere/tor is not there"),
    (
        "tor.program",
        "/etc/passwd",
        "/etc/passwd is not a program that may be run",
    ),
    (
        "tor.program",
        "no-such-tor",
        "no program no-such-tor is in PATH",
    ),
    ("tor.program", "bin/tor", "its path is relative"),
    (
        "tor.socks_port",
        "/nowhere/socks",
        "/nowhere/socks is not there",
    ),
    (
        "tor.control_port",
        "/etc/passwd",
        "/etc/passwd is not a socket",
    ),
    (
        "tor.control_port",
        "/etc/passwd/x",
        "/etc/passwd/x: Not a directory",
    ),
];

#[test]
fn what_a_setting_names_and_no_start_could_use_is_told_at_once() {
    let home = TestHome::new();
    // Makes the home, before other things are put into it.
    check(&home, &["config", "set", "log.level", "info"], 0, &[]);
    home.configure("");
    let server = "ss://aes-256-gcm:t0p-s3cret@192.0.2.7:8388";
    for (name, mode) in [("open", 0o644), ("server", 0o600)] {
        let path = home.root().join(name);
        fs::write(&path, server).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
    }
    for (key, value, why) in UNUSABLE {
        let said = check(&home, &["config", "set", key, value], 0, &[why]);
        let note = format!("Note: {key} cannot be used as it is now: ");
        assert!(said.contains(&note), "{said}");
        assert!(file(&home).contains(value), "it is kept all the same");
        let told = object(&home.run(&["config", "check", "--json"]));
        let notes = told["notes"].as_array().expect("a list");
        assert!(
            notes.len() == 1 && notes[0].as_str().expect("a text").contains(why),
            "{told}"
        );
        check(
            &home,
            &["config", "check"],
            0,
            &["is in order.", &note, why],
        );
        check(&home, &["config", "unset", key], 0, &[]);
    }
    let _socket = std::os::unix::net::UnixListener::bind(home.user().join("socks")).expect("bound");
    let socket = home.user().join("socks").display().to_string();
    for (key, value) in [
        ("tor.shadowsocks", "server"),
        ("tor.shadowsocks", ""),
        ("tor.program", "/bin/true"),
        ("tor.socks_port", &socket),
        ("tor.control_port", "9051"),
        (
            "tor.bridges",
            "192.0.2.1:443 0123456789ABCDEF0123456789ABCDEF01234567",
        ),
        ("tor.exit_country", "de"),
    ] {
        let told = object(&home.run(&["config", "set", key, value, "--json"]));
        assert_eq!(
            told["notes"],
            serde_json::json!([]),
            "{key} {value}: {told}"
        );
        let told = object(&home.run(&["config", "check", "--json"]));
        assert_eq!(
            told["notes"],
            serde_json::json!([]),
            "{key} {value}: {told}"
        );
        check(&home, &["config", "unset", key], 0, &[]);
    }
    let lines = [
        "192.0.2.1:443",
        "webtunnel 192.0.2.3:1 0123456789ABCDEF0123456789ABCDEF01234567 url=https://e.x",
    ];
    let mut nowhere = home.command(&[&["config", "set", "tor.bridges"][..], &lines].concat());
    Said::of(nowhere.env("PATH", "/nowhere")).expect(
        0,
        &["Note: tor.bridges cannot be used as it is now: bridges with webtunnel need a program"],
    );
}

/// `$(cat FILE)` of a file that is missing is an empty word.
#[test]
fn who_empties_the_list_of_bridges_is_told_that_tor_connects_directly_and_a_lone_mark_does_not() {
    let home = TestHome::new();
    check(
        &home,
        &["config", "set", "tor.bridges", "192.0.2.1:443"],
        0,
        &[],
    );
    for mark in ["\"", "][", "[[["] {
        let refused = ["config", "set", "tor.bridges", mark];
        check(&home, &refused, 64, &["tor.bridges cannot be used"]);
    }
    check(
        &home,
        &["config", "get", "tor.bridges"],
        0,
        &["192.0.2.1:443"],
    );
    let note = "Note: no bridge is set now, so Tor connects to its network directly.";
    check(&home, &["config", "set", "tor.bridges", ""], 0, &[note]);
}

#[test]
fn an_option_of_tor_that_may_not_be_set_is_named_before_a_start_fails_with_it() {
    let home = TestHome::new();
    for line in ["SocksPort 9", "Nope 1", "DataDirectory /"] {
        let name = line.split(' ').next().expect("a name");
        let note = format!("tor.extra_torrc cannot be used as it is now: {name} is not among");
        let set = ["config", "set", "tor.extra_torrc", line];
        check(&home, &set, 0, &[&note]);
        check(&home, &["config", "check"], 0, &[&note]);
    }
    let set = ["config", "set", "tor.extra_torrc", "%include /etc/passwd"];
    let said = check(
        &home,
        &set,
        0,
        &["does not begin with the name of an option"],
    );
    assert!(!said.contains("cannot be used as it is now: %"), "{said}");
}

#[test]
fn an_own_program_that_cannot_be_used_is_named_by_doctor_and_not_called_an_installation() {
    let home = TestHome::new();
    for (backend, program) in [
        ("managed", "/bin"),
        ("managed", "/nowhere/tor"),
        ("auto", "/bin"),
    ] {
        home.configure(&format!(
            "[tor]\nbackend = \"{backend}\"\nprogram = \"{program}\"\n"
        ));
        let text = Said::of(&mut home.command(&["doctor"])).text;
        assert!(text.contains("tor.program"), "{text}");
        assert!(text.contains(program), "{text}");
        assert!(!text.contains("apt install tor"), "{text}");
        // With a Tor built in, `auto` does not need it.
        let is_mended = text.contains("config unset tor.program");
        assert!(is_mended || backend == "auto", "{text}");
    }
}

#[test]
fn a_program_that_cannot_run_is_named_with_the_reason_and_the_way_out() {
    let home = TestHome::new();
    let file = home.user().join("own-tor");
    for (text, mode, why) in [
        (None, 0, "is not there"),
        (Some(""), 0o755, "is not a program for this computer"),
        (Some("#!/nowhere/sh\n"), 0o755, "needs another program"),
        (Some("#!/bin/sh\n"), 0o644, "may be run"),
    ] {
        if let Some(text) = text {
            fs::write(&file, text).expect("ours");
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("ours");
        }
        let shown = file.display();
        home.configure(&format!(
            "[tor]\nbackend = \"managed\"\nprogram = \"{shown}\"\n"
        ));
        let started = Said::of(&mut home.command(&["tor", "start"])).text;
        for words in [&*shown.to_string(), why, "config unset tor.program"] {
            assert!(started.contains(words), "{words}: {started}");
        }
        let doctor = Said::of(&mut home.command(&["doctor"])).text;
        assert!(!doctor.contains("apt install tor"), "{doctor}");
        home.run(&["stop"]);
    }
}
