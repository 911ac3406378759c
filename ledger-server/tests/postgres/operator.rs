//! The real program on PostgreSQL: two instances, one key.

use crate::home::Home;
use meter_core::{SessionReport, Verified};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
    ports::HeldPort,
};
use meter_wire::ledger::{Answer, Outcome};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_onionmeter-ledger");

/// One instance. Dropping it kills it.
struct Instance {
    child: Child,
    client: LedgerClient,
    vkey: String,
}

impl Drop for Instance {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().expect("ours");
            self.child.wait().expect("ours");
        }
    }
}

fn program(folder: &Path, url: &str, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words).args(["--json", "--database", url]);
    command.arg("--data").arg(folder);
    command
}

fn run(folder: &Path, url: &str, words: &[&str]) -> (Output, Value) {
    let output = program(folder, url, words).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = serde_json::from_str(&text).expect(&text);
    (output, told)
}

fn serve(folder: &Path, url: &str) -> Instance {
    let mut command = program(folder, url, &["serve", "--listen", "127.0.0.1:0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut line).expect("it prints");
    let told: Value = serde_json::from_str(&line).expect("one object");
    assert_eq!(told["state"], "serving", "{line}");
    let listen = told["listen"].as_str().expect("text");
    Instance {
        child,
        client: LedgerClient::new(listen.parse().expect("an address")),
        vkey: told["vkey"].as_str().expect("text").to_owned(),
    }
}

async fn taken(instance: &Instance, reports: &[Verified<SessionReport>]) -> Vec<Answer> {
    let sent = reports.iter().map(|report| submitted(report.signed()));
    instance
        .client
        .submit(sent.collect())
        .await
        .expect("answers")
}

#[tokio::test]
async fn two_instances_are_one_ledger_and_end_when_another_key_takes_over() {
    let home = Home::new();
    let url = home.server.url(&home.database);
    let folders = [TempDir::new(), TempDir::new()].map(|folder| folder.expect("a folder"));
    let [one, other] = [0, 1].map(|number: usize| folders[number].path().join("ledger"));
    let first = serve(&one, &url);
    // Without the key of the first, another one is refused and makes none.
    let (output, told) = run(&other, &url, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    let message = told["error"]["message"].as_str().expect("text");
    assert!(message.contains("receipt-key is not there"), "{message}");
    fs::copy(one.join("receipt-key"), other.join("receipt-key")).expect("ours");
    let mut second = serve(&other, &url);
    let key = |vkey: &str| vkey.rsplit_once('+').map(|(_, key)| key.to_owned());
    assert_eq!(key(&first.vkey), key(&second.vkey));
    let mut device = Device::numbered(1);
    let enrolled = first.client.enrol(&device, None).await.expect("an answer");
    assert_eq!(enrolled.status, 201, "{}", enrolled.words());
    let reports = [device.report(1, 1), device.report(1, 1)];
    let answers = taken(&first, &reports[..1]).await;
    let both = taken(&second, &reports).await;
    assert_eq!(
        (both[0].outcome, &both[0].receipt),
        (Outcome::Replay, &answers[0].receipt)
    );
    assert_eq!(both[1].outcome, Outcome::Accepted);
    assert_eq!(run(&one, &url, &["audit"]).1["reports"], "2");
    let (_, told) = run(&one, &url, &["backup", "copy.sqlite3"]);
    assert_eq!(told["error"]["exit_status"], 2);
    // The first is ended and gives the key away; the second notices that it must not go on.
    drop(first);
    let (output, told) = run(&one, &url, &["rotate-key"]);
    assert!(output.status.success(), "{told}");
    assert_eq!(second.child.wait().expect("ours").code(), Some(2));
    let first = serve(&one, &url);
    assert_ne!(key(&first.vkey), key(&second.vkey));
    let again = taken(&first, &reports).await;
    assert!(again.iter().all(|answer| answer.outcome == Outcome::Replay));
    assert_eq!(run(&one, &url, &["audit"]).1["state"], "sound");
}

#[test]
fn a_postgresql_that_is_not_there_is_named_with_its_address() {
    let held = HeldPort::take().expect("a port");
    let folder = TempDir::new().expect("a folder");
    let url = format!("postgres://ledger:secret@{}/ledger", held.address());
    let path = folder.path().join("ledger");
    let (output, told) = run(&path, &url, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
    let message = told["error"]["message"].as_str().expect("text");
    assert!(
        message.contains("cannot connect to postgres://ledger@"),
        "{message}"
    );
    assert!(!message.contains("secret"), "{message}");
}
