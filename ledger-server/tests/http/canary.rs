//! Nothing about a person in logs, on stdout and in metrics.

use crate::{
    client::{ask, get},
    running::{log, start_ledger},
};
use http::Method;
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use meter_wire::ledger::{Balance, Enrolled, SessionsPage};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// Uses a ledger as people and strangers do. Returns what must stand nowhere.
async fn live(client: LedgerClient, to: SocketAddr) -> Vec<String> {
    let mut device = Device::numbered(0x00ca_9a47);
    let enrolled = client.enrol(&device, None).await.expect("an answer");
    let enrolled: Enrolled = enrolled.message().expect("enrolled");
    let account = hex::encode(enrolled.account.0);
    let bytes = 7_654_321;
    let report = device.report(1, bytes);
    let mut forged = submitted(report.signed());
    forged.signature.0[5] ^= 1;
    let all = vec![
        forged,
        submitted(report.signed()),
        submitted(report.signed()),
    ];
    client.submit(all).await.expect("submitted");
    let ask_signed = async |device: &Device, method, target: &str| {
        let sent = client.signed(device, method, target, &[]).await;
        sent.expect("an answer")
    };
    let target = format!("/api/sessions/balance/{account}");
    let balance = ask_signed(&device, Method::GET, &target).await;
    let balance: Balance = balance.message().expect("a balance");
    let page = ask_signed(&device, Method::GET, "/api/sessions").await;
    let page: SessionsPage = page.message().expect("sessions");
    for (method, target) in [
        (Method::POST, "/api/login"),
        (Method::POST, "/api/devices/invite"),
        (Method::GET, "/api/account/export"),
    ] {
        assert_eq!(ask_signed(&device, method, target).await.status, 200);
    }
    let key = hex::encode(device.key().0);
    ask(to, get(&format!("/api/devices/{key}/remove?{account}"), to)).await;
    let stranger = Device::numbered(0x00ca_9a48);
    assert_eq!(
        ask_signed(&stranger, Method::GET, &target).await.status,
        403
    );
    let begin = |hex: &str| hex.get(..12).expect("long").to_owned();
    vec![
        begin(&key),
        begin(&hex::encode(stranger.key().0)),
        begin(&account),
        begin(&hex::encode(device.head().chain.0)),
        page.sessions.first().expect("a session").id.clone(),
        balance.awarded.0.to_string(),
        bytes.to_string(),
        enrolled.name,
    ]
}

/// A process that a failing test leaves behind no longer than itself.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[track_caller]
fn is_clean(canaries: &[String], place: &str, text: &str) {
    for canary in canaries {
        assert!(!text.contains(canary), "{canary} is in {place}");
    }
}

/// The counters, which must have counted what [`live`] did.
async fn counted(to: SocketAddr) -> String {
    let metrics = ask(to, get("/metrics", to)).await.body;
    let metrics = String::from_utf8(metrics).expect("text");
    assert!(
        metrics.contains("reports_total{outcome=\"accepted\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("mistakes_total 2"), "{metrics}");
    metrics
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_account_amount_or_address_is_in_the_log_or_in_the_metrics() {
    let bench = start_ledger();
    let mut canaries = live(bench.client, bench.to).await;
    let metrics = counted(bench.to).await;
    let log = log();
    assert!(
        log.contains("route=\"/api/sessions/balance/{account}\""),
        "nothing was logged"
    );
    canaries.push("127.0.0.1".to_owned());
    is_clean(&canaries, "the log", &log);
    is_clean(&canaries, "the metrics", &metrics);
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_no_key_account_amount_or_address_of_a_client() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("ledger");
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&data)
        .expect("a folder");
    fs::write(data.join("config.toml"), "log = \"debug\"\n").expect("written");
    let errors = folder.path().join("stderr");
    let serving = Command::new(env!("CARGO_BIN_EXE_onionmeter-ledger"))
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(File::create(&errors).expect("made"))
        .spawn()
        .expect("the program starts");
    let mut serving = Serving(serving);
    let mut out = BufReader::new(serving.0.stdout.take().expect("a pipe"));
    let mut printed = String::new();
    out.read_line(&mut printed).expect("it prints");
    let told: serde_json::Value = serde_json::from_str(&printed).expect("one object");
    let address = told["address"]
        .as_str()
        .and_then(|address| address.strip_prefix("http://"));
    let to: SocketAddr = address.expect("an address").parse().expect("an address");
    let canaries = live(LedgerClient::new(to), to).await;
    let metrics = counted(to).await;
    kill_process(Pid::from_child(&serving.0), Signal::TERM).expect("ours");
    let ended = spawn_blocking(move || {
        out.read_to_string(&mut printed).expect("text");
        (serving.0.wait().expect("ours"), printed)
    });
    let (status, printed) = ended.await.expect("no panic");
    assert!(status.success(), "{status}");
    let logged = fs::read_to_string(&errors).expect("text");
    assert!(
        logged.contains("route=\"/api/sessions/balance/{account}\""),
        "{logged}"
    );
    is_clean(&canaries, "stdout", &printed);
    is_clean(&canaries, "the metrics", &metrics);
    is_clean(&canaries, "stderr", &logged);
    is_clean(&["127.0.0.1".to_owned()], "stderr", &logged);
}
