//! Requests that are not what they seem.

use crate::{
    client::{Client, ask, get, post},
    running::{Running, start},
};
use onionmeter_ledger::http::{Limits, Transport};
use std::sync::atomic::Ordering;

fn running() -> Running {
    start(Limits::default(), Transport::default())
}

#[track_caller]
fn head(method: &str, path: &str, headers: &[&str]) -> String {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\n{lines}\r\n")
}

#[tokio::test]
async fn h_01_w_06_a_foreign_host_is_refused_before_routing_and_the_connection_ends() {
    let running = running();
    let to = running.to;
    let port = to.port();
    let own = format!("Host: {to}");
    for (path, headers) in [
        ("/api/hello", vec!["Host: evil.test".to_owned()]),
        ("/nothing", vec!["Host: evil.test".to_owned()]),
        (
            "/api/hello",
            vec![format!("Host: 127.0.0.1.evil.test:{port}")],
        ),
        ("/api/hello", vec![format!("Host: localhost:{port}")]),
        ("/api/hello", vec!["Host: 127.0.0.1".to_owned()]),
        ("/api/hello", vec![]),
        ("/api/hello", vec![own.clone(), own.clone()]),
    ] {
        let lines: Vec<_> = headers.iter().map(String::as_str).collect();
        let mut client = Client::connect(to).await;
        client.send(head("GET", path, &lines)).await;
        let answer = client.answer().await.expect("an answer");
        let found = (answer.status, answer.code());
        assert_eq!(found, (421, "wrong_host".to_owned()), "{headers:?}");
        assert!(!client.closed().await);
    }
    let proxied = format!("http://{to}/api/hello");
    assert_eq!(ask(to, head("GET", &proxied, &[&own])).await.status, 400);
    running.ended().await;
}

#[tokio::test]
async fn h_02_h_04_h_07_w_02_other_sites_get_403_and_no_header_that_lets_them_read() {
    let running = running();
    let to = running.to;
    let host = format!("Host: {to}");
    for (method, lines) in [
        ("GET", vec!["Origin: https://evil.test"]),
        ("POST", vec!["Origin: null"]),
        ("POST", vec!["Origin: http://localhost:3000"]),
        ("GET", vec!["Sec-Fetch-Site: cross-site"]),
        ("POST", vec!["Sec-Fetch-Site: same-site"]),
        (
            "OPTIONS",
            vec![
                "Origin: https://evil.test",
                "Access-Control-Request-Method: POST",
                "Access-Control-Request-Private-Network: true",
            ],
        ),
    ] {
        let mut headers = vec![host.as_str()];
        headers.extend(&lines);
        let answer = ask(to, head(method, "/api/hello", &headers)).await;
        let found = (answer.status, answer.code());
        assert_eq!(found, (403, "foreign_origin".to_owned()), "{lines:?}");
        let allows = |line: &&String| line.starts_with("access-control-");
        assert_eq!(answer.head.iter().find(allows), None);
    }
    let own = format!("Origin: http://{to}");
    let answer = ask(to, head("GET", "/api/hello", &[&host, &own])).await;
    assert_eq!(answer.status, 200);
    running.ended().await;
}

#[tokio::test]
async fn h_06_another_method_is_405_with_the_allowed_ones_and_an_unknown_path_is_404() {
    let running = running();
    let to = running.to;
    let host = format!("Host: {to}");
    let answer = ask(to, get("/api/length", to)).await;
    assert_eq!((answer.status, answer.code().as_str()), (405, "method"));
    assert_eq!(answer.header("allow"), Some("POST"));
    for method in ["DELETE", "PUT", "TRACE", "OPTIONS", "PROPFIND"] {
        let answer = ask(to, head(method, "/api/hello", &[&host])).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "method"),
            "{method}"
        );
    }
    let answer = ask(to, get("/api/nothing", to)).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
    running.ended().await;
}

#[tokio::test]
async fn h_08_h_09_g_18_upgrades_transfer_codings_and_odd_lengths_are_400_and_closed() {
    let running = running();
    let to = running.to;
    let host = format!("Host: {to}");
    for lines in [
        vec!["Upgrade: websocket", "Connection: Upgrade"],
        vec!["Transfer-Encoding: chunked"],
        vec!["Transfer-Encoding: chunked", "Content-Length: 5"],
        vec!["Content-Length: 5", "Transfer-Encoding: chunked"],
        vec!["Transfer-Encoding: gzip, chunked"],
        vec!["Transfer-Encoding: xchunked"],
        vec!["Content-Length: 5", "Content-Length: 6"],
        vec!["Content-Length: -1"],
        vec!["Content-Length: +5"],
        vec!["Content-Length: 5, 5"],
        vec!["Content-Length: 99999999999999999999"],
        vec!["Folded: one", " two"],
        vec!["Name : value"],
        vec!["Bad\u{1}Name: value"],
    ] {
        let mut headers = vec![host.as_str()];
        headers.extend(&lines);
        let mut client = Client::connect(to).await;
        let request = head("POST", "/api/length", &headers);
        client
            .send(request + "0\r\n\r\n" + &get("/api/hello", to))
            .await;
        let answer = client.answer().await.expect("an answer");
        assert_eq!(answer.status, 400, "{lines:?}");
        assert!(!client.closed().await, "{lines:?}: the rest was answered");
    }
    running.ended().await;
}

#[tokio::test]
async fn h_10_g_17_large_bodies_and_heads_are_refused() {
    let running = running();
    let to = running.to;
    let host = format!("Host: {to}");
    let answer = ask(to, post("/api/length", to, &"x".repeat(64 * 1024))).await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &b"65536"[..])
    );
    for length in ["65537", "9223372036854775807", "18446744073709551613"] {
        let length = format!("Content-Length: {length}");
        let answer = ask(to, head("POST", "/api/length", &[&host, &length])).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (413, "too_large"),
            "{length}"
        );
    }
    let large = format!("Large: {}", "x".repeat(100_000));
    let answer = ask(to, head("GET", "/api/hello", &[&host, &large])).await;
    assert_eq!(answer.status, 431);
    let many: Vec<_> = (0..1_000).map(|number| format!("H{number}: 1")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(ask(to, head("GET", "/api/hello", &many)).await.status, 431);
    let path = format!("/{}", "x".repeat(100_000));
    assert!([414, 431].contains(&ask(to, head("GET", &path, &[&host])).await.status));
    running.ended().await;
}

#[tokio::test]
async fn g_18_a_compressed_body_is_refused_without_reading_it() {
    let running = running();
    let to = running.to;
    let host = format!("Host: {to}");
    for coding in ["gzip", "deflate", "br", "identity", ""] {
        let coding = format!("Content-Encoding: {coding}");
        let lines = [host.as_str(), &coding, "Content-Length: 65536"];
        let answer = ask(to, head("POST", "/api/length", &lines)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (415, "encoding"),
            "{coding}"
        );
    }
    running.ended().await;
}

#[tokio::test]
async fn h_15_every_answer_carries_the_headers_that_keep_other_sites_out() {
    let running = running();
    let to = running.to;
    for request in [
        get("/api/hello", to),
        get("/api/nothing", to),
        get("/api/panic/canary", to),
        get("/api/length", to),
        "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_owned(),
        get("/metrics", to),
    ] {
        let answer = ask(to, &request).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.header(name), Some(value), "{request}");
        }
        assert_eq!(answer.header("server"), None);
    }
    running.ended().await;
}

#[tokio::test]
async fn a_panic_is_a_500_without_its_message_and_the_server_goes_on() {
    let running = running();
    let to = running.to;
    let mut client = Client::connect(to).await;
    client.send(get("/api/panic/canary", to)).await;
    let answer = client.answer().await.expect("an answer");
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("canary"));
    client.send(get("/api/hello", to)).await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);
    running.ended().await;
}

#[tokio::test]
async fn healthz_fails_when_the_store_does_not_commit() {
    let running = running();
    let to = running.to;
    let answer = ask(to, get("/healthz", to)).await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &br#"{"healthy":true}"#[..])
    );
    running.commits.store(false, Ordering::SeqCst);
    let refused = loop {
        let answer = ask(to, get("/healthz", to)).await;
        if answer.status != 200 {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "store"));
    assert!(refused.header("retry-after").is_some());
    running.ended().await;
}

#[tokio::test]
async fn the_metrics_name_routes_and_never_what_stood_in_their_place() {
    let running = running();
    let to = running.to;
    ask(to, get("/api/panic/canaryname", to)).await;
    ask(to, get("/canarypath?canaryquery", to)).await;
    let text = ask(to, get("/metrics", to)).await.body;
    let text = String::from_utf8(text).expect("text");
    assert!(
        text.contains("route=\"/api/panic/{name}\",status=\"500\""),
        "{text}"
    );
    assert!(text.contains("route=\"none\",status=\"404\""), "{text}");
    assert!(!text.contains("canary"), "{text}");
    running.ended().await;
}

#[tokio::test]
async fn when_too_many_requests_are_being_answered_a_further_one_is_told_to_wait() {
    let limits = Limits {
        requests_at_once: 1,
        ..Limits::default()
    };
    let running = start(limits, Transport::default());
    let to = running.to;
    let mut held = Client::connect(to).await;
    held.send(get("/api/held", to)).await;
    running.held.acquire().await.expect("open").forget();
    let answer = ask(to, get("/api/hello", to)).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "busy"));
    assert!(answer.header("retry-after").is_some());
    running.finish.add_permits(1);
    assert_eq!(held.answer().await.expect("answered").status, 200);
    assert_eq!(ask(to, get("/api/hello", to)).await.status, 200);
    running.ended().await;
}

#[tokio::test]
async fn h_19_there_is_no_http_2() {
    let running = running();
    let mut client = Client::connect(running.to).await;
    client
        .send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    let answer = client.answer().await;
    assert!(answer.is_none_or(|answer| answer.status == 400));
    client.closed().await;
    let to = running.to;
    let upgrade = [
        "Upgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings",
        "HTTP2-Settings: AAMAAABk",
    ];
    let host = format!("Host: {to}");
    let headers: Vec<_> = std::iter::once(host.as_str()).chain(upgrade).collect();
    assert_eq!(
        ask(to, head("GET", "/api/hello", &headers)).await.status,
        400
    );
    running.ended().await;
}
