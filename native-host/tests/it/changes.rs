//! `change_setting`: a client changes `config.toml` as the command line does, and in no other way.

mod refused;

use crate::{
    scripts::object,
    support::{Bridge, TestHome},
};
use meter_wire::{
    ChangeSetting, ErrorCode, Problem, Request, SettingChanged, SettingValue, Success, TakesEffect,
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

const SERVER: &str = "ss://aes-256-gcm:t0p-s3cret@192.0.2.7:8388";

fn path(home: &TestHome) -> PathBuf {
    home.root().join("config.toml")
}

fn file(home: &TestHome) -> String {
    fs::read_to_string(path(home)).expect("there")
}

fn words(words: &[&str]) -> SettingValue {
    SettingValue::Words(words.iter().map(|word| (*word).to_owned()).collect())
}

fn ask(
    bridge: &mut Bridge,
    key: &str,
    to: SettingValue,
    keep: bool,
) -> Result<SettingChanged, Problem> {
    let key = key.to_owned();
    match bridge.ask(7, Request::ChangeSetting(ChangeSetting { key, to, keep })) {
        Ok(Success::SettingChanged(changed)) => Ok(changed),
        Ok(other) => panic!("another answer: {other:?}"),
        Err(problem) => Err(problem),
    }
}

fn greeted(home: &TestHome) -> Bridge {
    let mut bridge = home.bridge();
    bridge.hello(false);
    bridge
}

/// A value for each setting, and one that it cannot have.
const VALUES: [(&str, &[&str], &[&str]); 21] = [
    ("relay.port", &["9201"], &["80"]),
    ("relay.connections_max", &["100"], &["0"]),
    ("relay.optimistic", &["true"], &["yes"]),
    ("relay.serve_unidentified", &["true"], &["yes"]),
    ("session.min_bytes", &["1.5MB"], &["1kB"]),
    ("session.min_duration_ms", &["20s"], &["2h"]),
    ("session.max_duration_ms", &["20min"], &["5s"]),
    ("tor.backend", &["auto"], &["magic"]),
    ("tor.program", &["/nowhere/other"], &[""]),
    ("tor.socks_port", &["9250"], &["run/tor"]),
    ("tor.control_port", &["/run/tor/control"], &["70000"]),
    ("tor.extra_torrc", &["NumCPUs 1"], &["a\nb"]),
    ("tor.arti", &["{ a = 1 }"], &["1"]),
    ("tor.shadowsocks", &["server"], &["~/server"]),
    (
        "tor.bridges",
        &["192.0.2.1:443"],
        &["192.0.2.2:443", "no", "nor this"],
    ),
    ("tor.exit_country", &["de"], &["uk"]),
    ("ledger.delay_max_s", &["1min"], &["2d"]),
    ("ledger.badge", &["credited"], &["both"]),
    ("daemon.idle_exit_s", &["5min"], &["-1"]),
    ("daemon.desktop_notice", &["true"], &["1"]),
    ("log.level", &["debug"], &["loud"]),
];

const BY_COMMAND: [&str; 4] = [
    "relay.serve_unidentified",
    "tor.program",
    "tor.extra_torrc",
    "tor.arti",
];

/// What the command line says of what a value names and that cannot be used.
fn notes_of(key: &str, reply: &SettingChanged) -> serde_json::Value {
    let unusable = reply.unusable.iter();
    let notes = unusable.map(|problem| {
        let why = problem.detail.as_deref().expect("why");
        format!("{key} cannot be used as it is now: {why}")
    });
    notes.collect::<Vec<_>>().into()
}

#[test]
fn every_setting_is_the_same_on_the_command_line_and_for_a_client() {
    let (asked, typed) = (TestHome::new(), TestHome::new());
    let all = object(&typed.run(&["config", "get", "--json"]));
    let named: Vec<_> = all["settings"]
        .as_object()
        .expect("settings")
        .keys()
        .collect();
    assert_eq!(named.len(), VALUES.len());
    let mut bridge = greeted(&asked);
    // The daemon that the commands ask when a value comes into force.
    let _typed = greeted(&typed);
    for (key, good, bad) in VALUES {
        assert!(named.iter().any(|name| *name == key), "{key}");
        let before = "# mine\n[tor]\nprogram = '/nowhere/tor' # none\n";
        for home in [&asked, &typed] {
            home.configure(before);
        }
        let command =
            |words: &[&str]| typed.run(&[&["config", "set", key], words, &["--json"]].concat());
        let told = object(&command(good));
        let reply = ask(&mut bridge, key, words(good), true);
        if BY_COMMAND.contains(&key) {
            let problem = reply.expect_err("by a command");
            assert_eq!(problem.code, ErrorCode::SettingByCommand);
            let how = format!("run `onionmeter config set {key} …`");
            assert_eq!(problem.detail, Some(how));
            assert_eq!(file(&asked), before);
            continue;
        }
        let reply = reply.unwrap_or_else(|problem| panic!("{key}: {problem:?}"));
        assert_eq!(file(&asked), file(&typed), "{key}");
        assert!(reply.kept && reply.setting.key == key);
        assert_eq!(
            told["takes_effect"],
            reply.takes_effect.name(),
            "{key}: {reply:?}"
        );
        let [notes, unusable] = [told["notes"].clone(), notes_of(key, &reply)];
        let place = |home: &TestHome| home.root().display().to_string();
        let typed_notes = notes.to_string().replace(&place(&typed), &place(&asked));
        assert_eq!(typed_notes, unusable.to_string(), "{key}");
        let is_now = reply.takes_effect == TakesEffect::Now;
        assert_eq!(is_now, !reply.setting.differs, "{key}");

        let kept = file(&asked);
        let said = object(&command(bad));
        let problem = ask(&mut bridge, key, words(bad), true).expect_err("refused");
        assert_eq!(problem.code, ErrorCode::SettingRefused, "{key}");
        let detail = problem.detail.expect("the reason");
        let (detail, typed_path) = (detail, path(&typed));
        let said = said["error"]["message"]
            .as_str()
            .expect("a text")
            .to_owned();
        let said = said.replace(
            &*typed_path.to_string_lossy(),
            &path(&asked).to_string_lossy(),
        );
        assert_eq!(format!("{detail}. Nothing was changed."), said, "{key}");
        assert_eq!(file(&asked), kept, "{key}");

        ask(&mut bridge, key, SettingValue::Default, true).expect("its default");
        let unset = object(&typed.run(&["config", "unset", key, "--json"]));
        assert_eq!(
            (&unset["state"], &unset["key"]),
            (&"unset".into(), &key.into())
        );
        assert_eq!(file(&asked), file(&typed), "{key}");
        assert!(file(&asked).contains("# mine\n[tor]\nprogram = '/nowhere/tor' # none\n"));
    }
}

#[test]
fn a_value_is_checked_without_being_kept_and_each_wrong_bridge_is_named() {
    let home = TestHome::new();
    let before = file(&home);
    let mut bridge = greeted(&home);
    let good = "obfs4 192.0.2.1:443 0123456789ABCDEF0123456789ABCDEF01234567 cert=AAAA iat-mode=0";
    let checked = ask(
        &mut bridge,
        "tor.bridges",
        words(&["192.0.2.1:443\n192.0.2.2:443"]),
        false,
    );
    let checked = checked.expect("bridges");
    assert_eq!(
        (checked.kept, checked.takes_effect),
        (false, TakesEffect::TorStart)
    );
    assert_eq!(checked.setting.in_file.as_deref(), Some("2 lines"));
    let text = format!("192.0.2.1:443\n{good}\nhttps://192.0.2.9\n192.0.2.3:99999\n");
    let problem = ask(&mut bridge, "tor.bridges", words(&[&text]), true).expect_err("none");
    let detail = problem.detail.expect("the reasons");
    assert!(detail.lines().count() >= 2, "{detail}");
    for line in ["line 3 of 4", "line 4 of 4"] {
        assert!(detail.contains(line), "{detail}");
    }
    assert!(
        !detail.contains("192.0.2."),
        "a bridge is a secret: {detail}"
    );
    assert_eq!(file(&home), before);
}

#[test]
fn a_shadowsocks_server_is_kept_in_a_file_of_its_own_and_told_nowhere() {
    let home = TestHome::new();
    let server = home.root().join("shadowsocks-server");
    let mut bridge = greeted(&home);
    let of = |text: &str| SettingValue::Server(text.to_owned());
    for (wrong, part) in [
        ("", "there is nothing in it"),
        (
            "ss://aes-256-gcm:t0p-s3cret@example.org:8388",
            "its server is a name",
        ),
        ("vmess://t0p-s3cret", "only Shadowsocks servers"),
    ] {
        let problem = ask(&mut bridge, "tor.shadowsocks", of(wrong), true).expect_err("refused");
        let detail = problem.detail.expect("the reason");
        assert!(
            detail.contains(part) && !detail.contains("s3cret"),
            "{detail}"
        );
    }
    let other = ask(&mut bridge, "tor.program", of(SERVER), true).expect_err("by a command");
    assert_eq!(other.code, ErrorCode::SettingByCommand);
    let other = ask(&mut bridge, "tor.backend", of(SERVER), true).expect_err("no server");
    assert_eq!(other.code, ErrorCode::SettingRefused);
    // Pasted where the name of the file belongs.
    let pasted = ask(&mut bridge, "tor.shadowsocks", words(&[SERVER]), true).expect_err("no file");
    assert!(
        pasted
            .detail
            .is_some_and(|detail| !detail.contains("s3cret"))
    );
    let checked = ask(&mut bridge, "tor.shadowsocks", of(SERVER), false).expect("in order");
    assert_eq!(checked.unusable, None, "no file was asked for");
    assert!(!server.is_file(), "it was only checked");

    let kept = ask(&mut bridge, "tor.shadowsocks", of(SERVER), true).expect("kept");
    assert_eq!(kept.setting.in_file.as_deref(), Some("shadowsocks-server"));
    assert_eq!(
        fs::read_to_string(&server).expect("there"),
        format!("{SERVER}\n")
    );
    let mode = fs::metadata(&server).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = file(&home);
    assert!(before.contains("shadowsocks = \"shadowsocks-server\"") && !before.contains("s3cret"));
    // One way at a time; the server that is kept stays.
    let both = ask(&mut bridge, "tor.bridges", words(&["192.0.2.1:443"]), true);
    let detail = both.expect_err("not both").detail.expect("the reason");
    assert!(detail.contains("choose one of them"), "{detail}");
    ask(
        &mut bridge,
        "tor.shadowsocks",
        of(&SERVER.replace("s3cret", "other")),
        true,
    )
    .expect("new");
    let log = fs::read_to_string(home.root().join("log/onionmeter.log")).expect("a log");
    assert!(log.contains("a setting was changed"), "{log}");
    for secret in ["s3cret", "t0p", "192.0.2.7", "192.0.2.1"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn two_who_change_settings_at_once_lose_nothing() {
    let home = TestHome::new();
    let mut bridge = greeted(&home);
    let keys = [
        "relay.connections_max",
        "ledger.delay_max_s",
        "daemon.idle_exit_s",
    ];
    std::thread::scope(|scope| {
        for key in keys {
            let home = &home;
            scope.spawn(move || {
                for number in 100..115_u32 {
                    let number = format!("{number}{}", if key.ends_with("_s") { "s" } else { "" });
                    let set = home.run(&["config", "set", key, &number]);
                    assert!(set.status.success(), "{set:?}");
                }
            });
        }
        for country in ["de", "dj", "dk", "dm", "do", "dz"].repeat(8) {
            ask(&mut bridge, "tor.exit_country", words(&[country]), true).expect("kept");
        }
    });
    let text = file(&home);
    for line in [
        "connections_max = 114",
        "delay_max_s = 114",
        "idle_exit_s = 114",
        "exit_country = \"dz\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let left = fs::read_dir(home.root()).expect("a folder").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains(".new-")),
        "{left:?}"
    );
}

/// Without the daemon's answer a command would call for a start that changes nothing.
#[test]
fn a_command_says_that_a_value_which_is_in_force_needs_no_start() {
    let home = TestHome::new();
    let _bridge = greeted(&home);
    for (key, value) in [
        ("ledger.badge", "credited"),
        ("daemon.desktop_notice", "true"),
        ("log.level", "info"),
    ] {
        let told = home.run(&["config", "set", key, value, "--json"]);
        assert_eq!(object(&told)["takes_effect"], "now", "{key}");
        let told = home.run(&["config", "set", key, value]);
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(said.ends_with("It takes effect now.\n"), "{said}");
    }
    let doctor = home.run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(!said.contains("in force and"), "{said}");
    let told = home.run(&["config", "unset", "ledger.badge", "--json"]);
    assert_eq!(object(&told)["takes_effect"], "now");
    let told = home.run(&["config", "set", "log.level", "debug", "--json"]);
    assert_eq!(object(&told)["takes_effect"], "daemon_start");
}
