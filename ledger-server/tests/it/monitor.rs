//! What tools on the operator's computer ask, and who else is not told.

use crate::program::{Home, Serving};
use meter_testkit::ledger_client::LedgerClient;

fn at(serving: &Serving, name: &str) -> LedgerClient {
    let text = serving.word(name);
    let address = text.strip_prefix("http://").unwrap_or(&text);
    LedgerClient::new(address.parse().expect("an address"))
}

async fn tools_are_answered(serving: &Serving) {
    let tools = at(serving, "monitor");
    let healthy = tools.get("/healthz").await.expect("an answer");
    assert_eq!(healthy.status, 200, "{}", healthy.words());
    let metrics = tools.get("/metrics").await.expect("an answer");
    assert_eq!(metrics.status, 200, "{}", metrics.words());
    assert!(metrics.words().contains("onionmeter_ledger_connections "));
    // Nothing else is there.
    for path in ["/", "/api/ledger", "/policy"] {
        let other = tools.get(path).await.expect("an answer");
        assert_eq!(other.status, 404, "{path}");
    }
}

/// Clients of an onion service and of a proxy come from this computer, with any `Host` they like.
#[tokio::test]
async fn where_others_reach_the_ledger_its_metrics_are_at_the_door_of_tools_alone() {
    for origin in ["http://ledger.onion", "https://ledger.example"] {
        let home = Home::new();
        let words = ["--origin", origin, "--origin", "http://127.0.0.1:3443"];
        let serving = home.serve(&[&words[..], &["--monitor", "127.0.0.1:0"]].concat());
        let (_, host) = origin.split_once("://").expect("an origin");
        for host in [host, "127.0.0.1:3443"] {
            let asked = |path| {
                let main = at(&serving, "listen");
                async move { main.get_as(host, path).await.expect("an answer").status }
            };
            assert_eq!(asked("/metrics").await, 404, "{host}");
            assert_eq!(asked("/healthz").await, 200, "{host}");
        }
        tools_are_answered(&serving).await;
    }
}

#[tokio::test]
async fn tools_need_no_line_of_tor_where_the_others_do() {
    let home = Home::new();
    let serving = home.serve(&["--export-circuit-id", "--monitor", "127.0.0.1:0"]);
    let without_a_line = at(&serving, "listen").get("/healthz").await;
    without_a_line.expect_err("closed");
    tools_are_answered(&serving).await;
}

#[tokio::test]
async fn a_ledger_for_this_computer_alone_shows_its_metrics_where_it_listens() {
    let home = Home::new();
    let serving = home.serve(&[]);
    assert!(serving.told["monitor"].is_null());
    let metrics = at(&serving, "listen").get("/metrics").await;
    assert_eq!(metrics.expect("an answer").status, 200);
}

#[test]
fn a_door_of_tools_that_cannot_be_is_refused_before_anything_is_made() {
    let home = Home::new();
    let text = home.refused(&["serve", "--monitor", "0.0.0.0:3444"], 78);
    assert!(text.contains("127.0.0.1:3444"), "{text}");
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("bound").to_string();
    let words = ["serve", "--listen", "127.0.0.1:0", "--monitor", &address];
    let text = home.refused(&words, 2);
    assert!(text.contains("choose another one with --monitor"), "{text}");
    assert!(!home.database().is_file());
}
