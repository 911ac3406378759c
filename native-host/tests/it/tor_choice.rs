//! Which Tor to use, chosen on the command line and kept in `config.toml`.

use crate::support::TestHome;
use meter_wire::{ErrorCode, Request, Status, TorState, TorStatus};
use std::{fs, thread, time::Duration};

/// The real `tor`, which cannot reach any network, and a path for another one, where there is no
/// file.
fn settings(home: &TestHome, lines: &str) -> String {
    let nobody = format!("DirAuthority x 127.0.0.1:1 {}", "F".repeat(40));
    format!(
        "# mine\n[relay]\nport = {}\n[tor] # where it is blocked\nbackend = 'managed' # for now\n\
         socks_port = 1\ncontrol_port = 1\n\
         extra_torrc = [\"{nobody}\", \"OutboundBindAddress 127.0.0.1\"]\n{lines}",
        home.relay_port
    )
}

#[track_caller]
fn says(home: &TestHome, args: &[&str], code: i32, part: &str) {
    let output = home.run(args);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(part), "{args:?} says {part:?}: {text}");
}

fn kept(home: &TestHome) -> String {
    fs::read_to_string(home.root().join("config.toml")).expect("a file")
}

#[test]
fn another_tor_can_be_chosen_and_the_settings_keep_it() {
    let home = TestHome::new();
    let before = settings(&home, "");
    home.configure(&before);
    says(&home, &["tor", "start"], 0, "is starting");
    let managed = "run by Onionmeter (the settings say so)";
    says(&home, &["status"], 0, managed);

    let not_running = ErrorCode::TorNotRunning.sentence();
    says(&home, &["tor", "use", "existing"], 69, not_running);
    assert_eq!(kept(&home), before.replace("'managed'", "\"existing\""));
    says(&home, &["status"], 0, not_running);
    says(&home, &["status", "--json"], 0, "\"chosen\": \"existing\"");

    says(&home, &["tor", "use", "managed"], 0, "kept in config.toml");
    assert_eq!(kept(&home), before.replace("'managed'", "\"managed\""));
    says(&home, &["status"], 0, managed);
    says(&home, &["doctor"], 0, managed);
    says(&home, &["tor", "use", "some"], 64, "one of auto, existing");
}

#[test]
fn a_tor_for_which_the_settings_have_no_room_is_refused_and_nothing_changes() {
    let home = TestHome::new();
    let before = settings(&home, "bridges = [\"127.0.0.1:1\"]\n");
    home.configure(&before);
    says(&home, &["tor", "start"], 0, "is starting");
    says(&home, &["tor", "use", "existing"], 78, "tor.bridges");
    assert_eq!(kept(&home), before);
    says(&home, &["status"], 0, "run by Onionmeter");
    says(&home, &["status", "--json"], 0, "\"chosen\": \"managed\"");
}

#[test]
fn a_start_goes_by_what_the_settings_say_then() {
    let home = TestHome::new();
    home.configure(&settings(&home, ""));
    says(&home, &["tor", "start"], 0, "is starting");
    says(&home, &["tor", "stop"], 0, "is stopped");
    home.configure(&settings(&home, "").replace("'managed'", "'existing'"));
    let not_running = ErrorCode::TorNotRunning.sentence();
    says(&home, &["tor", "start"], 69, not_running);
    home.configure(&settings(&home, "extra = 1\n"));
    says(&home, &["tor", "start"], 78, "line 9");
}

fn tor(home: &TestHome) -> TorStatus {
    let output = home.run(&["status", "--json"]);
    let status: Status = serde_json::from_slice(&output.stdout).expect("a status");
    status.tor
}

/// A start while Tor is in trouble ends that Tor and begins another.
#[test]
fn a_mistake_in_the_settings_takes_no_tor_away_that_runs() {
    let home = TestHome::new();
    home.configure(&settings(&home, ""));
    says(&home, &["tor", "start"], 0, "is starting");
    while tor(&home).trouble.is_none() {
        thread::sleep(Duration::from_millis(200));
    }
    home.configure(&settings(&home, "extra = 1\n"));
    says(&home, &["tor", "start"], 78, "line 9");
    let state = tor(&home).state;
    assert!(matches!(state, TorState::Bootstrapping { .. }), "{state:?}");
    home.configure(&settings(&home, ""));
    says(&home, &["tor", "start"], 0, "is starting");
}

#[test]
fn the_state_of_a_tor_that_is_not_damaged_is_not_set_aside_for_a_client() {
    let home = TestHome::new();
    home.configure(&settings(&home, ""));
    let state = home.root().join("arti/state");
    fs::create_dir_all(&state).expect("made");
    let mut bridge = home.bridge();
    bridge.hello(false);
    let refused = bridge.ask(2, Request::TorAnew).expect_err("refused");
    assert_eq!(refused.code, ErrorCode::TorStateSound);
    assert!(state.try_exists().expect("looked for"));
}
