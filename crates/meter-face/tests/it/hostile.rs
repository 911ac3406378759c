//! Rows H-01 to H-15 and H-19 of the catalogue of bad input. H-16 to H-18 need the whole program:
//! `native-host/tests/it/face.rs`.

use crate::stand::{CHAIN, Reply, Stand, TOKEN, reply};
use meter_face::{Limits, routes};
use meter_wire::{SetThresholds, face::FaceCode};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[track_caller]
fn refused(reply: &Reply, status: u16, code: FaceCode) {
    assert_eq!(reply.status, status, "{reply:?}");
    let body: Value = serde_json::from_str(&reply.body).expect("JSON");
    assert_eq!(body["error"]["code"], code.text());
    assert!(!reply.head.contains("access-control-"), "{}", reply.head);
}

#[tokio::test]
async fn h_01_another_host_is_refused_before_routing() {
    let stand = Stand::start();
    let port = stand.address.port();
    for host in [
        "Host: evil.example".to_owned(),
        format!("Host: 127.0.0.1.evil:{port}"),
        format!("Host: localhost:{port}"),
        "Host: 127.0.0.1".to_owned(),
        format!("Host: 127.0.0.1:{}", port ^ 1),
        format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}"),
        format!("Host: 127.0.0.1:{port}\r\nHost: evil.example"),
        "X-Host: none".to_owned(),
    ] {
        for path in ["/", "/api/tor/status", "/nowhere"] {
            let auth = format!("Authorization: Bearer {TOKEN}");
            let request = format!("GET {path} HTTP/1.1\r\n{host}\r\n{auth}\r\n\r\n");
            let reply = stand.raw(&request).await;
            assert!(matches!(reply.status, 400 | 421), "{host}: {reply:?}");
        }
    }
    assert_eq!(stand.send("GET /api/tor/status", "").await.status, 200);
    stand.end().await;
}

#[tokio::test]
async fn h_02_another_origin_is_refused_without_cors_headers() {
    let stand = Stand::start();
    for origin in [
        "https://evil",
        "null",
        "http://localhost:3000",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    ] {
        for line in [
            "GET /api/tor/status",
            "POST /api/tor/start",
            "GET /",
            "OPTIONS /api/events",
        ] {
            let reply = stand.send(line, &format!("Origin: {origin}\r\n")).await;
            refused(&reply, 403, FaceCode::ForeignOrigin);
        }
    }
    assert_eq!(stand.daemon.commands(), []);
    let own = format!("Origin: http://{}\r\n", stand.address);
    assert_eq!(stand.send("POST /api/tor/start", &own).await.status, 200);
    stand.end().await;
}

#[tokio::test]
async fn h_03_without_the_token_nothing_but_the_page_is_answered() {
    let stand = Stand::start();
    let almost = TOKEN.replace('f', "e");
    for (method, path) in routes().filter(|(_, path)| *path != "/api/login") {
        let path = path.replace("{id}", &hex(&CHAIN));
        for (target, headers) in [
            (path.clone(), String::new()),
            (path.clone(), format!("Authorization: Bearer {almost}\r\n")),
            (path.clone(), format!("Authorization: Basic {TOKEN}\r\n")),
            (path.clone(), format!("Cookie: token={TOKEN}\r\n")),
            (
                format!("{path}?token={TOKEN}&access_token={TOKEN}"),
                String::new(),
            ),
        ] {
            let head = stand.open_head(&format!("{} {target}", method.to_uppercase()));
            let reply = stand.raw(&format!("{head}{headers}\r\n")).await;
            refused(&reply, 401, FaceCode::Token);
        }
    }
    let nowhere = stand
        .raw(&format!("{}\r\n", stand.open_head("GET /api/nowhere")))
        .await;
    refused(&nowhere, 401, FaceCode::Token);
    let head = stand.open_head("GET /api/tor/status");
    let other_case = format!("{head}Authorization: bearer {TOKEN}\r\n\r\n");
    assert_eq!(stand.raw(&other_case).await.status, 200, "RFC 9110, 11.1");
    assert_eq!(stand.daemon.commands(), []);
    stand.end().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn h_04_a_request_that_a_browser_calls_cross_site_is_refused() {
    let stand = Stand::start();
    for line in ["GET /api/tor/status", "POST /api/tor/start", "GET /"] {
        let reply = stand.send(line, "Sec-Fetch-Site: cross-site\r\n").await;
        refused(&reply, 403, FaceCode::ForeignOrigin);
    }
    stand.end().await;
}

#[tokio::test]
async fn h_05_json_by_another_name_is_refused() {
    let stand = Stand::start();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "text/plain; application/json",
        "",
    ] {
        let body = r#"{"minDuration": 10}"#;
        let headers = format!(
            "Content-Type: {media_type}\r\nContent-Length: {}\r\n",
            body.len()
        );
        let head = stand.head("POST /api/tor/thresholds");
        let reply = stand.raw(&format!("{head}{headers}\r\n{body}")).await;
        refused(&reply, 415, FaceCode::MediaType);
    }
    let head = stand.head("POST /api/tor/start");
    let unnamed = stand
        .raw(&format!("{head}Content-Length: 2\r\n\r\n{{}}"))
        .await;
    refused(&unnamed, 415, FaceCode::MediaType);
    assert_eq!(stand.daemon.commands(), []);
    stand.end().await;
}

#[tokio::test]
async fn h_06_nothing_changes_by_get() {
    let stand = Stand::start();
    for (_, path) in routes().filter(|(method, _)| *method == "post") {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let headers = "Sec-Fetch-Dest: image\r\nSec-Fetch-Mode: no-cors\r\n";
            let reply = stand.send(&format!("{method} {path}"), headers).await;
            assert_eq!(reply.status, 405, "{method} {path}");
        }
    }
    assert_eq!(stand.daemon.commands(), []);
    stand.end().await;
}

#[tokio::test]
async fn h_07_a_preflight_gets_a_plain_refusal() {
    let stand = Stand::start();
    let preflight = "Origin: https://evil\r\nAccess-Control-Request-Method: POST\r\n\
        Access-Control-Request-Private-Network: true\r\n";
    let reply = stand.send("OPTIONS /api/tor/start", preflight).await;
    refused(&reply, 403, FaceCode::ForeignOrigin);
    stand.end().await;
}

#[tokio::test]
async fn h_08_an_upgrade_is_refused() {
    let stand = Stand::start();
    for upgrade in ["websocket", "h2c"] {
        let headers = format!(
            "Connection: Upgrade\r\nUpgrade: {upgrade}\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        let reply = stand.send("GET /api/events", &headers).await;
        refused(&reply, 400, FaceCode::BadRequest);
    }
    stand.end().await;
}

#[tokio::test]
async fn h_09_forms_that_readers_take_differently_end_the_connection() {
    let stand = Stand::start();
    let json = "Content-Type: application/json\r\n";
    for headers in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n{}",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: +2\r\n\r\n{}",
        "X-Folded: one\r\n two\r\n\r\n",
    ] {
        let head = stand.head("POST /api/tor/thresholds");
        let mut tcp = stand.connect().await;
        let request = format!("{head}{json}{headers}");
        tcp.write_all(request.as_bytes()).await.expect("sent");
        let reply = reply(&mut tcp).await;
        assert_eq!(reply.status, 400, "{headers:?}: {reply:?}");
        let mut rest = Vec::new();
        drop(tcp.read_to_end(&mut rest).await);
        assert!(rest.is_empty(), "one answer, then the end");
    }
    assert_eq!(stand.daemon.commands(), []);
    stand.end().await;
}

#[tokio::test]
async fn h_10_too_large_and_too_slow_are_refused() {
    let stand = Stand::with(Limits {
        head: Duration::from_millis(300),
        body: Duration::from_millis(300),
        ..Limits::default()
    });
    let json = "Content-Type: application/json\r\n";
    let announced = format!("{json}Content-Length: 65537\r\n");
    let large = stand.send("POST /api/tor/start", &announced).await;
    refused(&large, 413, FaceCode::TooLarge);
    let announced = format!("{json}Content-Length: 2\r\n");
    let slow = stand.send("POST /api/tor/start", &announced).await;
    refused(&slow, 408, FaceCode::TooSlow);
    let many = "X-A: b\r\n".repeat(1_000);
    assert_eq!(stand.send("GET /", &many).await.status, 431);
    let long = format!("X-A: {}\r\n", "b".repeat(100_000));
    assert_eq!(stand.send("GET /", &long).await.status, 431);
    // A head that never ends.
    let mut tcp = stand.connect().await;
    tcp.write_all(b"GET / HTTP/1.1\r\n").await.expect("sent");
    let mut rest = Vec::new();
    let ended = tcp.read_to_end(&mut rest);
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "the connection stays open");
    stand.end().await;
}

#[tokio::test]
async fn h_11_another_chain_is_answered_like_one_that_never_was() {
    let stand = Stand::start();
    let own = stand
        .send(&format!("GET /api/sessions/balance/{}", hex(&CHAIN)), "")
        .await;
    let balance: Value = serde_json::from_str(&own.body).expect("JSON");
    assert_eq!(
        (own.status, balance["claimed"].as_str()),
        (200, Some("4.575"))
    );
    assert!(balance["ledger"].is_null(), "not enrolled");
    let other = stand
        .send(&format!("GET /api/sessions/balance/{}", hex(&[0; 16])), "")
        .await;
    refused(&other, 404, FaceCode::NotFound);
    let nothing = stand.send("GET /api/sessions/balance/nothing", "").await;
    assert_eq!(nothing.body, other.body, "nobody learns which ids exist");
    stand.end().await;
}

#[tokio::test]
async fn h_12_an_id_of_any_form_is_not_found() {
    let stand = Stand::start();
    let upper = hex(&CHAIN).to_uppercase();
    for id in [
        "../",
        "..%2f",
        "%00",
        "%ff",
        "%F0%9F%A7%85",
        "1%27%20OR%20%271%27=%271",
        "-1",
        &upper,
        &"c".repeat(10_000),
    ] {
        let reply = stand
            .send(&format!("GET /api/sessions/balance/{id}"), "")
            .await;
        refused(&reply, 404, FaceCode::NotFound);
    }
    stand.end().await;
}

async fn thresholds_are_refused(cases: &[(&str, &str)]) {
    let stand = Stand::start();
    let before: SetThresholds = stand.daemon.status().thresholds;
    for (body, field) in cases {
        let reply = stand.post("/api/tor/thresholds", body).await;
        refused(&reply, 422, FaceCode::BadField);
        let problem: Value = serde_json::from_str(&reply.body).expect("JSON");
        assert_eq!(problem["error"]["field"], *field, "{body}");
        assert_eq!(stand.daemon.status().thresholds, before, "{body}");
    }
    assert_eq!(stand.daemon.commands(), []);
    stand.end().await;
}

#[tokio::test]
async fn h_13_thresholds_outside_their_limits_name_the_field_and_change_nothing() {
    thresholds_are_refused(&[
        (r#"{"minBytes": -1}"#, "minBytes"),
        (r#"{"minBytes": 0}"#, "minBytes"),
        (r#"{"minBytes": 9223372036854775808}"#, "minBytes"),
        (r#"{"minDuration": 30.5}"#, "minDuration"),
        (r#"{"maxDuration": 9223372036854775807}"#, "maxDuration"),
        (r#"{"minDuration": 601}"#, "minDuration"),
        (r#"{"minDuration": "NaN"}"#, "minDuration"),
        (r#"{"seconds": 30}"#, "seconds"),
    ])
    .await;
    let stand = Stand::start();
    let reply = stand
        .post("/api/tor/thresholds", r#"{"minBytes": NaN}"#)
        .await;
    refused(&reply, 400, FaceCode::BadJson);
    stand.end().await;
}

#[tokio::test]
async fn h_14_thresholds_have_a_floor_of_ten_seconds_and_ten_kilobytes() {
    thresholds_are_refused(&[
        (r#"{"minBytes": 9999}"#, "minBytes"),
        (r#"{"minDuration": 9}"#, "minDuration"),
        (r#"{"minDuration": 9, "maxDuration": 9}"#, "minDuration"),
        (r#"{"maxDuration": 9}"#, "maxDuration"),
    ])
    .await;
}

#[tokio::test]
async fn h_15_an_answer_cannot_be_read_as_a_script_of_another_site() {
    let stand = Stand::start();
    for (_, path) in routes().filter(|(method, _)| *method == "get") {
        let reply = stand.send(&format!("GET {path}"), "").await;
        let has = |header: &str| reply.head.contains(header);
        for header in [
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(has(header), "{path}: {}", reply.head);
        }
        // Lines for other readers, which no browser takes for a script either.
        if path == "/api/events" || path == "/metrics" {
            assert!(has("content-type: text/"), "{path}: {}", reply.head);
            continue;
        }
        assert!(has("content-type: application/json"), "{path}");
        assert!(has("cache-control: no-store"), "{path}");
        assert!(
            reply.body.starts_with('{'),
            "{path}: an object, not an array"
        );
    }
    stand.end().await;
}

#[tokio::test]
async fn h_19_http_2_is_not_spoken_so_it_has_no_streams_to_reset() {
    let stand = Stand::start();
    let mut tcp = stand.connect().await;
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in 0..1_000_u32 {
        let number = (2 * stream + 1).to_be_bytes();
        frames.extend([&[0, 0, 4, 3, 0][..], &number, &[0, 0, 0, 8]].concat());
    }
    // The server may have closed before all of it was sent.
    drop(tcp.write_all(&frames).await);
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(60), tcp.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is closed");
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer:?}"
    );
    assert_eq!(
        stand.send("GET /", "").await.status,
        200,
        "others are served"
    );
    stand.end().await;
}
