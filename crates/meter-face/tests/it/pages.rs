//! The page's way in, events, and what the answers say.

use crate::stand::{NOW_MS, Stand, TOKEN, reply};
use meter_core::{LedgerSigner, Policy, Signed, UnixMs};
use meter_face::{Limits, Token};
use meter_wire::{Request, U64Text, ledger::WireSigned};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
async fn the_page_needs_no_token_and_a_link_gives_it_one_once() {
    let stand = Stand::start();
    let shell = stand
        .raw(&format!("{}\r\n", stand.open_head("GET /")))
        .await;
    assert_eq!(
        (shell.status, shell.body.contains("<title>page")),
        (200, true)
    );
    assert!(
        shell.head.contains("content-type: text/html"),
        "{}",
        shell.head
    );
    let script = stand
        .raw(&format!("{}\r\n", stand.open_head("GET /page.js")))
        .await;
    assert!(
        script.head.contains("content-type: text/javascript"),
        "{}",
        script.head
    );
    let policy = "content-security-policy: default-src 'none'; script-src 'self'";
    assert!(script.head.contains(policy), "{}", script.head);

    let now = UnixMs::new(NOW_MS).expect("in range");
    let code = Token::parse(TOKEN).unwrap().link(now).unwrap();
    let body = json!({"link": code}).to_string();
    let first = stand.post("/api/login", &body).await;
    assert_eq!(json_of(&first.body)["token"], TOKEN);
    let again = stand.post("/api/login", &body).await;
    assert_eq!(
        (again.status, json_of(&again.body)["error"]["code"].clone()),
        (401, json!("link"))
    );
    stand.end().await;
}

#[tokio::test]
async fn a_page_that_the_program_opens_itself_gets_the_token_once_and_without_a_link() {
    let body = r#"{"link":"open"}"#;
    let stand = Stand::start();
    assert_eq!(stand.post("/api/login", body).await.status, 401);
    stand.end().await;
    let stand = Stand::expecting();
    for foreign in [
        "Origin: https://evil.test",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        let head = stand.open_head("POST /api/login");
        let json = "Content-Type: application/json";
        let length = body.len();
        let request =
            format!("{head}{foreign}\r\n{json}\r\nContent-Length: {length}\r\n\r\n{body}");
        assert_eq!(stand.raw(&request).await.status, 403, "{foreign}");
    }
    let first = stand.post("/api/login", body).await;
    assert_eq!(json_of(&first.body)["token"], TOKEN);
    assert_eq!(stand.post("/api/login", body).await.status, 401, "once");
    stand.end().await;
}

#[tokio::test]
async fn events_begin_with_the_status_and_bring_each_change() {
    let stand = Stand::start();
    let mut tcp = stand.connect().await;
    let request = format!("{}\r\n", stand.head("GET /api/events"));
    tcp.write_all(request.as_bytes()).await.expect("sent");
    let mut lines = BufReader::new(tcp).lines();
    let mut next = async || {
        loop {
            let line = lines.next_line().await.expect("open").expect("a line");
            if let Some(data) = line.strip_prefix("data: ") {
                return json_of(data)["notice"]["status"]["reports"].clone();
            }
        }
    };
    assert_eq!(next().await, "1");
    let mut status = stand.daemon.status();
    status.reports = U64Text(2);
    stand.daemon.notify(status);
    assert_eq!(next().await, "2");
    stand.end().await;
}

#[tokio::test]
async fn event_streams_leave_connections_for_requests() {
    let stand = Stand::with(Limits {
        streams: 1,
        ..Limits::default()
    });
    let mut first = stand.connect().await;
    let request = format!("{}\r\n", stand.head("GET /api/events"));
    first.write_all(request.as_bytes()).await.expect("sent");
    assert_eq!(reply(&mut first).await.status, 200);
    assert_eq!(stand.send("GET /api/events", "").await.status, 429);
    assert_eq!(stand.send("GET /api/tor/status", "").await.status, 200);
    stand.end().await;
}

#[tokio::test]
async fn requests_wait_for_their_turn_instead_of_being_refused() {
    let stand = Stand::with(Limits {
        asking: 1,
        ..Limits::default()
    });
    let asked = (0..30).map(|_| stand.send("GET /api/tor/status", ""));
    for reply in futures_util::future::join_all(asked).await {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    stand.end().await;
}

#[tokio::test]
async fn a_number_that_json_cannot_hold_stands_there_as_text() {
    let stand = Stand::start();
    let stats = json_of(&stand.send("GET /api/tor/traffic-stats", "").await.body);
    assert_eq!(stats["totalBytesIn"], Value::Null);
    assert_eq!(stats["totalBytesInText"], "9223372036854775807");
    assert_eq!(stats["totalBytesOut"], 1_000);
    assert_eq!(
        (
            stats["totalConnections"].clone(),
            stats["activeConnections"].clone()
        ),
        (json!(3), json!(1))
    );
    stand.end().await;
}

#[tokio::test]
async fn commands_reach_the_daemon_and_its_refusal_reaches_the_client() {
    let stand = Stand::start();
    assert_eq!(stand.send("POST /api/tor/start", "").await.status, 200);
    assert_eq!(
        stand.post("/api/tor/monitoring/start", "{}").await.status,
        200
    );
    let refused = stand.send("POST /api/tor/stop", "").await;
    assert_eq!(refused.status, 409);
    assert_eq!(json_of(&refused.body)["error"]["code"], "tor_not_ours");
    let changed = stand
        .post("/api/tor/thresholds", r#"{"minDuration": 10}"#)
        .await;
    assert_eq!(json_of(&changed.body)["minDuration"], 10);
    assert_eq!(json_of(&changed.body)["minBytes"], 100_000);
    let commands = stand.daemon.commands();
    assert_eq!(
        commands[..3],
        [Request::TorStart, Request::MonitorStart, Request::TorStop]
    );
    assert!(
        matches!(commands[3], Request::SetThresholds(_)),
        "{commands:?}"
    );
    stand.end().await;
}

#[tokio::test]
async fn metrics_tell_totals_and_nothing_that_names_anybody() {
    let stand = Stand::start();
    let metrics = stand.send("GET /metrics", "").await;
    assert!(
        metrics.head.contains("text/plain; version=0.0.4"),
        "{}",
        metrics.head
    );
    let has = |line: &str| metrics.body.lines().any(|found| found == line);
    assert!(
        has("onionmeter_relay_bytes_in_total 9223372036854775807"),
        "{}",
        metrics.body
    );
    assert!(
        has("onionmeter_claimed_nanocredits 4575000000"),
        "{}",
        metrics.body
    );
    assert!(!metrics.body.contains(&"c4".repeat(16)), "the chain");
    assert!(!metrics.body.contains('{'), "no label tells a site");
    stand.end().await;
}

#[tokio::test]
async fn a_device_without_a_ledger_has_no_policy() {
    let stand = Stand::start();
    let policy = stand.send("GET /api/sessions/policy", "").await;
    assert_eq!(policy.status, 404);
    assert_eq!(json_of(&policy.body)["error"]["code"], "not_enrolled");
    stand.end().await;
}

#[tokio::test]
async fn the_policy_of_who_is_enrolled_is_the_one_that_the_ledger_signed() {
    let stand = Stand::start();
    stand.enrol();
    let policy = stand.send("GET /api/sessions/policy", "").await;
    assert_eq!(policy.status, 200, "{}", policy.body);
    let mut policy = json_of(&policy.body);
    let signed = policy["policy"].take();
    let expected = json!({
        "number": 1, "mostPerDay": "9640.0", "mostPerDayNanocredits": "9640000000000",
        "idlePerDay": "8640.0", "idlePerDayNanocredits": "8640000000000", "policy": null,
    });
    assert_eq!(policy, expected);
    let signed: WireSigned<128> = serde_json::from_value(signed).expect("body and signature");
    let key = LedgerSigner::from_seed(&[5; 32]).key();
    let signed = Signed::<Policy>::from(&signed).verify(key);
    assert_eq!(signed.expect("it verifies").value().number.0, 1);
    stand.end().await;
}

#[tokio::test]
async fn the_balance_of_who_is_enrolled_tells_claimed_credited_and_waiting_of_all_chains() {
    let stand = Stand::start();
    stand.enrol();
    {
        let mut status = stand.daemon.status.lock().expect("held by nobody");
        status.earlier.amount = U64Text(1_000_000_000);
    }
    let chain = hex::encode(crate::stand::CHAIN);
    let balance = stand
        .send(&format!("GET /api/sessions/balance/{chain}"), "")
        .await;
    let balance = json_of(&balance.body);
    assert_eq!(balance["claimed"], "4.575", "of this chain");
    let expected = json!({
        "claimed": "5.575", "claimedNanocredits": "5575000000",
        "credited": "1.5", "creditedNanocredits": "1500000000",
        "waiting": "2.575", "waitingNanocredits": "2575000000",
    });
    assert_eq!(balance["ledger"], expected);
    let stats = stand.send("GET /api/tor/monitoring/stats", "").await;
    assert_eq!(json_of(&stats.body)["credits"], "5.575");
    stand.end().await;
}
