//! `config`, and what other commands say about `config.toml`.

mod refused;

use crate::{
    said::{check, text},
    scripts::object,
    support::TestHome,
};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

fn file(home: &TestHome) -> String {
    fs::read_to_string(home.root().join("config.toml")).expect("there")
}

/// The command's arguments, when the setting takes effect, and its line in the file.
const SETTINGS: &[(&[&str], &str, &str)] = &[
    (
        &["session.min_bytes", "1.5MB"],
        "daemon's next start",
        "min_bytes = 1500000",
    ),
    (
        &["session.max_duration_ms", "20min"],
        "daemon's next start",
        "max_duration_ms = 1200000",
    ),
    (
        &["daemon.idle_exit_s", "5min"],
        "daemon's next start",
        "idle_exit_s = 300",
    ),
    (
        &["tor.bridges", "192.0.2.1:443", "192.0.2.2:443"],
        "Tor's next start",
        "bridges = [\"192.0.2.1:443\", \"192.0.2.2:443\"]",
    ),
    (
        &[
            "tor.bridges",
            "# mail\n> Bridge 192.0.2.1:443\r\n\n> 192.0.2.2:443\n",
        ],
        "Tor's next start",
        "bridges = [\"192.0.2.1:443\", \"192.0.2.2:443\"]",
    ),
    (&["tor.bridges", ""], "Tor's next start", "bridges = []"),
    (
        &["log.level", "debug"],
        "daemon's next start",
        "level = \"debug\"",
    ),
];

#[test]
fn a_setting_is_changed_with_every_comment_kept_and_told_when_it_counts() {
    let home = TestHome::new();
    home.configure("# mine\r\n[relay] # ours\r\nport = 9200  # a good one\r\n");
    let said = check(
        &home,
        &["config", "set", "relay.port", "9201"],
        0,
        &["relay.port = 9201", "relay's next start"],
    );
    assert!(said.contains("config.toml"), "{said}");
    assert_eq!(
        file(&home),
        "# mine\r\n[relay] # ours\r\nport = 9201  # a good one\r\n"
    );
    for (args, part, kept) in SETTINGS {
        check(&home, &[&["config", "set"], *args].concat(), 0, &[part]);
        assert!(file(&home).contains(kept), "{kept}: {}", file(&home));
    }
    assert_eq!(
        check(&home, &["config", "get", "relay.port"], 0, &[]),
        "9201\n"
    );
    assert_eq!(
        check(&home, &["config", "get", "log.level"], 0, &[]),
        "debug\n"
    );
    assert_eq!(
        check(&home, &["config", "get", "tor.backend"], 0, &[]),
        "auto\n"
    );
    check(
        &home,
        &["config", "get"],
        0,
        &["relay.port = 9201\n", "relay.optimistic = false  # default"],
    );
    let all = object(&home.run(&["config", "get", "--json"]));
    assert_eq!(all["settings"]["relay.port"]["value"], 9201);
    assert_eq!(all["settings"]["relay.port"]["source"], "config.toml");
    assert_eq!(all["settings"]["tor.backend"]["source"], "default");
    assert_eq!(
        all["settings"].as_object().map(serde_json::Map::len),
        Some(21)
    );
    check(&home, &["config", "check"], 0, &["in order"]);
}

#[test]
fn a_file_that_was_named_by_mistake_is_not_to_be_moved_away() {
    let home = TestHome::new();
    let other = home.user().join("picture.png");
    fs::write(&other, b"\x89PNG\xff").expect("ours");
    for wrong in ["/", other.to_str().expect("UTF-8")] {
        let said = check(&home, &["config", "check", wrong], 78, &["text file"]);
        assert!(!said.contains("mv "), "{said}");
    }
}

#[test]
fn no_command_takes_settings_that_cannot_be_read_for_defaults() {
    let home = TestHome::new();
    let path = home.root().join("config.toml");
    for (text, part) in [
        (&b"[relay]\nport = 80\n"[..], "relay.port is 80"),
        (b"[relay]\nport = 9200\nport = 9201\n", "line 3"),
        (b"[ledger]\nurl = 'x'\n", "a setting of a later version"),
        (b"[relay]\nport = 9200 # \xe9\n", "line 2 is not UTF-8"),
    ] {
        fs::write(&path, text).expect("ours");
        for args in [
            &["config", "check"][..],
            &["config", "get"],
            &["config", "set", "log.level", "warn"],
        ] {
            check(&home, args, 78, &[part]);
        }
        check(&home, &["status"], 3, &["not running", part]);
        check(&home, &["thresholds"], 78, &[]);
        check(&home, &["doctor"], 1, &["BAD", part]);
        assert_eq!(fs::read(&path).expect("there"), text, "nothing was changed");
    }
    fs::remove_file(&path).expect("ours");
    fs::create_dir(&path).expect("a folder");
    check(
        &home,
        &["config", "get"],
        78,
        &["it is a folder", "move it away"],
    );
    check(&home, &["up"], 78, &["it is a folder"]);
    fs::remove_dir(&path).expect("ours");
    if rustix::process::geteuid().is_root() {
        println!("not checked: root may read everything");
        return;
    }
    fs::write(&path, "").expect("ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("ours");
    check(
        &home,
        &["config", "get"],
        78,
        &["Permission denied", "mode 600"],
    );
}

#[test]
fn doctor_never_shows_defaults_as_if_in_force_while_the_settings_are_broken() {
    let home = TestHome::new();
    home.configure("[tor]\nbridges = [\"nonsense\"]\n");
    let said = check(
        &home,
        &["doctor"],
        1,
        &[
            "BAD",
            "line 2",
            "no settings are in force",
            "way: not known",
        ],
    );
    for claim in [
        "connects straight",
        "to be used: ",
        "yours alone",
        "defaults are in force",
    ] {
        assert!(!said.contains(claim), "{claim}: {said}");
    }
    let report = object(&home.run(&["doctor", "--json"]));
    assert_eq!(report["state"], "trouble");
    let findings = report["findings"].as_array().expect("a list");
    let bad: Vec<_> = findings
        .iter()
        .filter(|finding| finding["level"] == "bad")
        .collect();
    assert_eq!(bad.len(), 1, "{report}");
    assert!(bad[0]["remedy"].is_string());
}

#[test]
fn what_is_in_force_is_told_beside_a_file_that_was_changed_or_broken_since() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    let said = check(&home, &["doctor"], 1, &["is in order"]);
    assert!(!said.contains("in force"), "nothing differs: {said}");
    check(&home, &["config", "set", "log.level", "debug"], 0, &[]);
    check(
        &home,
        &["config", "set", "tor.bridges", "192.0.2.1:443"],
        0,
        &[],
    );
    check(
        &home,
        &["config", "set", "relay.connections_max", "100"],
        0,
        &[],
    );
    let parts = [
        "log.level is info in force and debug in config.toml. It takes effect at the daemon's next \
            start",
        "tor.bridges is none in force and 1 line in config.toml. It takes effect at Tor's next \
            start",
        "relay.connections_max is 512 in force and 100 in config.toml. It takes effect at the \
            relay's next start",
    ];
    check(&home, &["doctor"], 1, &parts);
    check(&home, &["status"], 0, &["log.level", "not in force yet"]);
    check(&home, &["thresholds", "--min-bytes", "1MB"], 0, &[]);
    check(
        &home,
        &["doctor"],
        1,
        &["session.min_bytes is 1000000 in force and 100000 in config.toml"],
    );

    let text = file(&home);
    home.configure(&format!("{text}\n[accounts]\n"));
    let port = format!("relay.port {}", home.relay_port);
    let said = check(
        &home,
        &["doctor"],
        1,
        &["accounts", "goes on with the settings from before", &port],
    );
    assert!(
        said.contains("by the settings in force: straight"),
        "{said}"
    );
    check(
        &home,
        &["status"],
        0,
        &["accounts", "goes on with the settings"],
    );
    check(&home, &["config", "check"], 78, &["ledger"]);

    home.configure(&text);
    check(&home, &["stop"], 0, &[]);
    check(&home, &["monitor", "start"], 0, &[]);
    let said = check(&home, &["doctor"], 1, &[]);
    assert!(
        !said.contains("in force"),
        "a new start took it all: {said}"
    );
}

/// As people have it who keep the settings of all programs in one folder.
#[test]
fn settings_that_a_new_home_links_to_are_used_changed_and_left_by_a_purge() {
    let home = TestHome::new();
    let kept = home.user().join("kept.toml");
    fs::write(&kept, "[session]\nmin_bytes = 150000\n").expect("ours");
    let link = home.root().join("config.toml");
    fs::remove_file(&link).expect("there");
    symlink(&kept, &link).expect("a link");
    check(
        &home,
        &["config", "get", "session.min_bytes"],
        0,
        &["150000"],
    );
    check(
        &home,
        &["config", "set", "session.min_bytes", "200kB"],
        0,
        &[],
    );
    let written = fs::read_to_string(&kept).expect("there");
    assert!(written.contains("min_bytes = 200000"), "{written}");
    assert!(link.is_symlink());
    check(&home, &["install"], 4, &[]);
    check(
        &home,
        &["uninstall", "--purge", "--yes"],
        0,
        &["config.toml"],
    );
    assert_eq!(fs::read_to_string(&kept).ok(), Some(written));
}

#[test]
fn what_a_terminal_would_obey_in_a_setting_is_shown_and_not_printed() {
    let home = TestHome::new();
    let path = home.root().join("config.toml");
    fs::write(
        &path,
        "[tor]\nprogram = \"/nowhere/\\u001b]0;tor\\u0007\"\n",
    )
    .expect("ours");
    for args in [&["config", "check"][..], &["doctor"]] {
        let said = text(&home.run(args));
        assert!(said.contains("/nowhere/\u{fffd}]0;tor\u{fffd}"), "{said}");
        assert!(!said.contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn thresholds_that_a_command_has_changed_are_not_called_a_change_of_the_file() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["thresholds", "--min-bytes", "1MB"], 0, &["1MB"]);
    let words = "changed by `onionmeter thresholds` until the daemon ends";
    for command in ["status", "doctor"] {
        let said = text(&home.run(&[command]));
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("changed in config.toml"), "{said}");
    }
}
