//! From nothing to a running ledger, and what survives its end.

use crate::program::{Home, Reporter, Serving};
use meter_core::{SessionReport, Verified};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use meter_wire::ledger::{Answer, Outcome};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, os::unix::fs::MetadataExt as _};

#[test]
fn a_start_on_nothing_makes_everything_and_tells_how_to_enrol() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let address = serving.word("address");
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    assert_eq!(
        serving.word("enrol"),
        format!("onionmeter enroll {address}")
    );
    let vkey: meter_core::Vkey = serving.word("vkey").parse().expect("a vkey line");
    assert_eq!(vkey.name(), "127.0.0.1");
    for name in [
        "ledger.sqlite3",
        "receipt-key",
        "ledger.guard",
        "ledger.lock",
    ] {
        let about = fs::metadata(home.path().join(name)).expect(name);
        assert_eq!(about.mode() & 0o077 & !0o044, 0, "{name}");
    }
    assert_eq!(
        fs::metadata(home.path()).expect("made").mode() & 0o777,
        0o700
    );
}

#[test]
fn d_08_a_second_server_on_the_same_folder_names_the_first_and_ends_with_2() {
    let home = Home::new();
    let first = home.serve(&[]);
    let text = home.refused(&["serve", "--listen", "127.0.0.1:0"], 2);
    let named = format!("process {}", first.child.id());
    assert!(text.contains(&named), "{text}");
    // What changes nothing, and what the server sees by itself, works beside it.
    for words in [
        &["policy"][..],
        &["audit"],
        &["account", "list"],
        &["invite"],
    ] {
        home.told(words);
    }
    for words in [
        &["rotate-key"][..],
        &["copy", "--from", "ledger.sqlite3", "--to", "b"],
    ] {
        assert!(home.refused(words, 2).contains(&named), "{words:?}");
    }
}

/// The ledger of a running server.
fn client(serving: &Serving) -> LedgerClient {
    LedgerClient::new(serving.word("listen").parse().expect("an address"))
}

async fn taken(client: &LedgerClient, reports: &[Verified<SessionReport>]) -> Vec<Answer> {
    let sent = reports.iter().map(|report| submitted(report.signed()));
    client.submit(sent.collect()).await.expect("answers")
}

#[tokio::test]
async fn after_a_kill_the_ledger_has_the_same_key_receipts_and_balances() {
    let home = Home::new();
    let first = home.serve(&[]);
    let vkey = first.word("vkey");
    assert_eq!(client(&first).info().await.expect("info").vkey, vkey);
    let mut device = Device::numbered(1);
    let enrolled = client(&first)
        .enrol(&device, None)
        .await
        .expect("an answer");
    assert_eq!(enrolled.status, 201, "{}", enrolled.words());
    let account: serde_json::Value = enrolled.message().expect("an account");
    let account = account["account"].as_str().expect("text").to_owned();
    let reports: Vec<_> = (0..20).map(|_| device.report(1, 3)).collect();
    let answers = taken(&client(&first), &reports).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.outcome == Outcome::Accepted),
        "{answers:?}"
    );
    let balance = home.told(&["account", "show", &account]);
    first.kill();
    let second = home.serve(&[]);
    assert_eq!(second.word("vkey").split_once('+'), vkey.split_once('+'));
    assert!(second.told["read_only"].is_null(), "{}", second.told);
    let again = taken(&client(&second), &reports).await;
    for (again, answer) in again.iter().zip(&answers) {
        assert_eq!(again.outcome, Outcome::Replay);
        assert_eq!(again.receipt, answer.receipt);
    }
    assert_eq!(home.told(&["account", "show", &account]), balance);
    let more = taken(&client(&second), &[device.report(1, 1)]).await;
    assert_eq!(more[0].outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_policy_that_a_command_changes_is_in_force_at_a_running_server() {
    let home = Home::new();
    let serving = home.serve(&[]);
    home.told(&["policy", "set", "--enrolment", "by-invitation"]);
    let number = |bytes: &[u8]| bytes[43];
    loop {
        let info = client(&serving).info().await.expect("info");
        match number(&info.policy.body.0) {
            1 => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            other => break assert_eq!(other, 2),
        }
    }
    let refused = client(&serving).enrol(&Device::numbered(1), None).await;
    assert_eq!(refused.expect("an answer").status, 403);
    let told = home.told(&["invite"]);
    let code = told["code"].as_str().expect("words");
    onionmeter_ledger::ledger::RecoveryCode::parse(code).expect("a code");
}

#[test]
fn a_server_that_is_told_to_end_ends_with_0_and_frees_the_folder() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let mut serving = home.serve(&[]);
        let pid = Pid::from_child(&serving.child);
        kill_process(pid, signal).expect("ours");
        let status = serving.child.wait().expect("ours");
        assert!(status.success(), "{signal:?}: {status}");
        home.serve(&[]);
    }
}

#[test]
fn a_port_that_another_program_has_is_refused_before_anything_is_made() {
    let home = Home::new();
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("bound").to_string();
    let text = home.refused(&["serve", "--listen", &address], 2);
    assert!(text.contains("--listen"), "{text}");
    assert!(!home.database().is_file());
}

#[tokio::test]
async fn the_settings_of_a_new_ledger_become_its_first_policy_and_not_that_of_another() {
    let home = Home::new();
    home.serve(&["--invite-only"]).kill();
    assert_eq!(home.told(&["policy"])["enrolment"], "by-invitation");
    home.serve(&[]).kill();
    assert_eq!(home.told(&["policy"])["enrolment"], "by-invitation");
    let opened = home.open();
    let (code, _) = opened.ledger.invite(None, 60_000).expect("a code");
    let device = Device::numbered(1);
    let challenge = crate::support::challenge();
    let with = device.enrolment(opened.ledger.key(), challenge, Some(code.hash()));
    opened
        .ledger
        .enrol(&with, crate::support::far())
        .expect("invited");
    let mut reporter = Reporter {
        account: opened
            .ledger
            .account_of(device.key())
            .expect("read")
            .expect("enrolled"),
        device,
        reports: Vec::new(),
        receipts: Vec::new(),
    };
    reporter.report(&opened.ledger, 1).await;
}
