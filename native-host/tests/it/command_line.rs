//! The commands as a person types them.

use crate::{
    said::{check, text},
    support::{PROGRAM, TestHome},
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

#[test]
fn help_names_every_command_and_where_things_are() {
    let home = TestHome::new();
    let commands = [
        "install",
        "uninstall",
        "doctor",
        "status",
        "reports",
        "verify",
        "tor",
        "monitor",
        "new-identity",
        "circuit",
        "new-circuit",
        "relay",
        "daemon",
    ];
    check(&home, &["--help"], 0, &commands);
    check(&home, &["--help"], 0, &["ONIONMETER_HOME", "Exit status"]);
    check(&home, &[], 64, &["Usage"]);
    check(&home, &["brew-tea"], 64, &["brew-tea"]);
    check(&home, &["help", "help"], 0, &["Usage: onionmeter help"]);
    for help in ["--help", "-h"] {
        check(&home, &["help", help], 0, &["Every day:", "Exit status"]);
        check(
            &home,
            &["help", "tor", help],
            0,
            &["Usage: onionmeter tor", "Exit status"],
        );
        check(&home, &["help", "tor", "start", help], 0, &["--wait"]);
        check(&home, &["tor", "help", "start", help], 0, &["--wait"]);
    }
    check(&home, &["--json", "help", "--help"], 0, &["\"state\""]);
}

#[test]
fn looking_starts_nothing_and_makes_nothing() {
    let home = TestHome::new();
    check(&home, &["status"], 3, &["not running"]);
    check(&home, &["reports"], 5, &["no reports"]);
    check(&home, &["monitor", "stop"], 0, &["nothing to stop"]);
    check(&home, &["tor", "stop"], 0, &["nothing to stop"]);
    check(&home, &["new-identity"], 3, &["not running"]);
    check(&home, &["circuit", "example.com"], 3, &["not running"]);
    check(&home, &["new-circuit", "example.com"], 3, &["not running"]);
    assert!(home.daemon_pid().is_none());
    assert!(!home.root().join("key").is_dir());
}

#[test]
fn start_status_reports_and_stop_work_from_a_terminal() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &["counts"]);
    let port = format!("127.0.0.1:{}", home.relay_port);
    check(
        &home,
        &["status"],
        0,
        &[&port, "0.0 credits in 0 reports", "Tor is not installed"],
    );
    let json = check(&home, &["status", "--json"], 0, &[]);
    let status: meter_wire::Status = serde_json::from_str(&json).expect("as the wire has it");
    assert_eq!(status.balance.0, 0);
    check(&home, &["new-identity"], 0, &["new circuits"]);
    check(&home, &["circuit", "example.com"], 0, &["does not tell"]);
    check(&home, &["new-circuit", "example.com"], 0, &["new circuit"]);
    check(
        &home,
        &["new-circuit", "example.org"],
        75,
        &["a moment ago"],
    );
    for site in [
        "192.168.1.1",
        "localhost",
        "http://LOCALHOST:80/",
        "[::1]:80",
    ] {
        check(&home, &["circuit", site], 64, &["not a site"]);
    }
    for site in ["", "https://", "file:///etc/passwd"] {
        check(&home, &["circuit", site], 64, &["www.example.com"]);
    }
    check(&home, &["tor", "start"], 69, &["Tor is not installed"]);
    check(&home, &["reports"], 5, &["no reports yet"]);
    check(
        &home,
        &[
            "thresholds",
            "--min-bytes=0",
            "--min-duration-ms=1",
            "--max-duration-ms=1",
        ],
        64,
        &["--min-bytes is 0B; it must be from 10kB"],
    );
    check(&home, &["monitor", "stop"], 0, &["closed"]);
    check(&home, &["status"], 0, &["Relay    stopped"]);
}

#[test]
fn a_mistake_in_the_configuration_is_named_by_line() {
    let home = TestHome::new();
    home.configure("[relay]\nport = 80\n");
    check(
        &home,
        &["daemon"],
        78,
        &["line 2", "relay.port is 80", "from 1024 to 65535"],
    );
    check(&home, &["doctor"], 1, &["BAD", "relay.port is 80"]);
    check(&home, &["monitor", "start"], 78, &["relay.port is 80"]);
}

#[test]
fn install_registers_what_is_there_and_uninstall_leaves_nothing() {
    let home = TestHome::new();
    let user = home.user();
    for folder in [
        ".config/chromium",
        ".config/BraveSoftware/Brave-Browser",
        ".mozilla",
    ] {
        fs::create_dir_all(user.join(folder)).expect("a browser");
    }
    let profile = user.join("profile");
    fs::create_dir(&profile).expect("a profile");
    fs::write(profile.join("First Run"), "").expect("as Chromium makes it");
    let profile_text = profile.to_str().expect("UTF-8");
    check(
        &home,
        &["install", "--browser-dir", profile_text],
        0,
        &["Chromium", "Brave", "Firefox", "registered"],
    );
    let link = user.join(".local/bin/onionmeter");
    let by_name = std::process::Command::new(&link)
        .arg("--version")
        .output()
        .expect("starts");
    assert!(by_name.status.success());
    let again = check(&home, &["install"], 0, &["already registered"]);
    assert!(!again.contains("repaired"), "{again}");
    let manifest = user.join(".config/chromium/NativeMessagingHosts/org.onionmeter.host.json");
    let manifest_text = fs::read_to_string(&manifest).expect("there");
    let program = home.root().join("bin/onionmeter");
    assert!(manifest_text.contains(program.to_str().expect("UTF-8")));
    assert_eq!(
        fs::read(&program).expect("there"),
        fs::read(PROGRAM).expect("there")
    );
    assert!(
        !user
            .join(".config/google-chrome")
            .try_exists()
            .expect("readable"),
        "no footprint, no folder"
    );

    fs::write(&manifest, "{").expect("ours");
    check(&home, &["doctor"], 1, &["BAD", "onionmeter install"]);
    check(&home, &["install"], 0, &["repaired"]);
    let doctor = check(&home, &["doctor"], 1, &["Chromium knows the host"]);
    assert!(
        doctor.contains("tor.program: /nowhere/tor is not there"),
        "the only thing wrong: {doctor}"
    );
    assert_eq!(doctor.matches("BAD").count(), 1, "{doctor}");

    check(&home, &["uninstall"], 0, &["removed"]);
    for folder in [
        ".config/chromium",
        ".config/BraveSoftware/Brave-Browser",
        ".mozilla",
        "profile",
    ] {
        let left = fs::read_dir(user.join(folder)).expect("there").flatten();
        let left: Vec<_> = left
            .filter(|entry| entry.file_name() != "First Run")
            .collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
    assert!(!program.try_exists().expect("readable"));
    assert!(fs::symlink_metadata(&link).is_err());
    check(&home, &["uninstall", "--purge", "--yes"], 0, &["removed"]);
    assert!(!home.root().try_exists().expect("readable"));
}

#[test]
fn stop_and_uninstall_end_the_daemon() {
    let home = TestHome::new();
    check(&home, &["stop"], 0, &["not running"]);
    for end in [
        &["stop"][..],
        &["uninstall"],
        &["uninstall", "--purge", "--yes"],
    ] {
        check(&home, &["monitor", "start"], 0, &[]);
        assert!(home.daemon_pid().is_some());
        check(&home, end, 0, &[]);
        assert!(home.daemon_pid().is_none(), "{end:?}");
    }
    assert!(!home.root().try_exists().expect("readable"), "purged");
}

#[test]
fn an_installed_program_finds_its_home_without_the_variable() {
    let home = TestHome::new();
    fs::create_dir_all(home.user().join(".mozilla")).expect("a browser");
    check(&home, &["install"], 0, &[]);
    let mut installed = std::process::Command::new(home.root().join("bin/onionmeter"));
    let output = installed
        .arg("doctor")
        .env_clear()
        .env("HOME", "/nowhere")
        .output()
        .expect("starts");
    assert!(
        text(&output).contains(home.root().to_str().expect("UTF-8")),
        "{}",
        text(&output)
    );
}

/// The three reports of the specification's vectors, as `onionmeter reports --json` would print
/// them.
struct ReportsFile {
    path: PathBuf,
    key: String,
    chain: String,
    reports: Vec<Value>,
}

impl ReportsFile {
    fn of_vectors(home: &TestHome) -> Self {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../docs/spec/session-report.json"))
                .expect("JSON");
        let text = |name: &str| vectors[name].as_str().expect("text").to_owned();
        let cases = vectors["valid_chain"].as_array().expect("a list");
        let report = |case: &Value| json!({"body": case["body"], "signature": case["signature"]});
        let file = Self {
            path: home.user().join("reports.json"),
            key: text("key"),
            chain: text("chain"),
            reports: cases.iter().map(report).collect(),
        };
        file.write(&file.reports);
        file
    }

    fn write(&self, reports: &[Value]) {
        let content = json!({
            "format": "onionmeter-reports/1",
            "key": self.key,
            "chain": self.chain,
            "reports": reports,
        });
        self.write_text(&content.to_string());
    }

    fn write_text(&self, text: &str) {
        fs::write(&self.path, text).expect("ours");
    }

    fn name(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }
}

#[test]
fn verify_takes_whole_chains_and_segments() {
    let home = TestHome::new();
    let file = ReportsFile::of_vectors(&home);
    let all = ["All 3 reports verify", "from its beginning", &file.key];
    check(&home, &["verify", file.name()], 0, &all);
    check(
        &home,
        &["verify", file.name(), "--key", &file.key],
        0,
        &["All 3"],
    );
    file.write(&file.reports[1..]);
    check(
        &home,
        &["verify", file.name()],
        0,
        &["earlier ones are not in the file"],
    );
}

#[test]
fn verify_refuses_whatever_was_changed() {
    let home = TestHome::new();
    let file = ReportsFile::of_vectors(&home);
    let refused = |parts: &[&str]| check(&home, &["verify", file.name()], 65, parts);
    let other_key = "0".repeat(64);
    check(
        &home,
        &["verify", file.name(), "--key", &other_key],
        65,
        &["not by the key"],
    );
    // A part of a key is none.
    for part in ["db50b2a84a", ""] {
        let verify = ["verify", file.name(), "--key", part];
        check(&home, &verify, 64, &["a key has 64 hexadecimal digits"]);
    }
    file.write(&[file.reports[0].clone(), file.reports[2].clone()]);
    refused(&["number 3; number 2 is next"]);
    let mut changed = file.reports.clone();
    changed[1]["body"] = changed[1]["body"]
        .as_str()
        .expect("text")
        .replacen('0', "1", 1)
        .into();
    file.write(&changed);
    refused(&["entry 2", "signature does not match"]);
    for reports in [&file.reports[..], &file.reports[1..]] {
        let foreign = ReportsFile {
            chain: "0".repeat(32),
            ..ReportsFile::of_vectors(&home)
        };
        foreign.write(reports);
        refused(&["another chain"]);
    }
    file.write(&[]);
    refused(&["no reports"]);
    file.write_text("{\"format\":");
    refused(&["the end of", "is missing"]);
    file.write_text("[\"onionmeter-reports/1\"]");
    refused(&["no file of reports"]);
    check(&home, &["verify", "/nowhere.json"], 66, &["cannot be read"]);
}
