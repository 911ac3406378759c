//! Nothing about a person in logs and metrics.

use crate::{
    client::{ask, get},
    running::{log, start_ledger},
};
use http::Method;
use meter_testkit::{device::Device, ledger_client::submitted};
use meter_wire::ledger::{Balance, SessionsPage};
use std::net::SocketAddr;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_account_amount_or_address_is_in_the_log_or_in_the_metrics() {
    let bench = start_ledger();
    let mut device = Device::numbered(0x00ca_9a47);
    let enrolled = bench.enrol(&device).await;
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
    bench.client.submit(all).await.expect("submitted");
    let ask_signed = async |method, target: &str| {
        let sent = bench.client.signed(&device, method, target, &[]).await;
        sent.expect("an answer")
    };
    let target = format!("/api/sessions/balance/{account}");
    let balance: Balance = ask_signed(Method::GET, &target)
        .await
        .message()
        .expect("a balance");
    let page: SessionsPage = ask_signed(Method::GET, "/api/sessions")
        .await
        .message()
        .expect("some");
    ask_signed(Method::POST, "/api/login").await;
    ask_signed(Method::GET, "/api/account/export").await;
    let key = hex::encode(device.key().0);
    ask(
        bench.to,
        get(&format!("/api/devices/{key}/remove?{account}"), bench.to),
    )
    .await;
    let stranger = Device::numbered(0x00ca_9a48);
    let sent = bench
        .client
        .signed(&stranger, Method::GET, &target, &[])
        .await;
    assert_eq!(sent.expect("an answer").status, 403);
    let metrics = counted(bench.to).await;
    let log = log();
    assert!(
        log.contains("route=\"/api/sessions/balance/{account}\""),
        "nothing was logged"
    );
    let amount = balance.awarded.0.to_string();
    let session = &page.sessions[0];
    let begin = |hex: &str| hex.get(..12).expect("long").to_owned();
    for canary in [
        begin(&key),
        begin(&hex::encode(stranger.key().0)),
        begin(&account),
        begin(&hex::encode(device.head().chain.0)),
        session.id.clone(),
        amount,
        bytes.to_string(),
        enrolled.name,
        "127.0.0.1".to_owned(),
    ] {
        assert!(!log.contains(&canary), "{canary} is in the log");
        assert!(!metrics.contains(&canary), "{canary} is in the metrics");
    }
    bench.ended().await;
}

/// The counters, which must have counted what the test did.
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
