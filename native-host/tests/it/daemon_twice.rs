//! `onionmeter daemon` where something has its place already.

use crate::{
    said::check,
    scripts::object,
    stand_in::{Part, StandIn},
    support::TestHome,
};
use std::{io::Read as _, process::Stdio, thread, time::Duration};

#[test]
fn a_daemon_that_runs_already_is_named_and_the_first_gives_its_object_at_its_end() {
    let home = TestHome::new();
    let mut first = home.command(&["daemon", "--json"]);
    let mut first = first.stdout(Stdio::piped()).spawn().expect("it starts");
    while !home.run(&["status"]).status.success() {
        assert_eq!(first.try_wait().expect("ours"), None, "it ended");
        thread::sleep(Duration::from_millis(10));
    }
    let process = first.id();
    check(
        &home,
        &["daemon"],
        0,
        &[&format!("runs already, as process {process} (onionmeter)")],
    );
    let told = home.run(&["daemon", "--json"]);
    assert!(told.stderr.is_empty());
    let told = object(&told);
    assert_eq!(
        (&told["state"], &told["process"]),
        (&"running".into(), &process.into())
    );
    check(&home, &["stop"], 0, &["is stopped"]);
    let mut end = String::new();
    let mut stdout = first.stdout.take().expect("piped");
    stdout.read_to_string(&mut end).expect("text");
    assert!(first.wait().expect("ours").success());
    let end: serde_json::Value = serde_json::from_str(&end).expect("one object");
    assert_eq!(end, serde_json::json!({"state": "ended"}));
}

#[test]
fn a_daemon_whose_lock_a_stranger_has_says_who_as_every_command_does() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["stop"], 0, &["is stopped"]);
    let mut stranger = StandIn::start(&home, Part::Lock);
    let holder = format!("daemon.lock is locked by process {}", stranger.pid());
    for args in [&["daemon"][..], &["status"], &["monitor", "start"]] {
        check(&home, args, 7, &["Another program keeps", &holder]);
    }
    let told = home.run(&["daemon", "--json"]);
    assert!(told.stderr.is_empty());
    assert_eq!(told.status.code(), Some(7));
    let told = object(&told);
    assert_eq!(told["error"]["code"], "daemon_place_taken");
    stranger.assert_lives();
}
