//! The site counts exactly the bytes that cross its sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, helpers included"
)]

use std::time::Duration;

use meter_testkit::{
    site::{Answer, Site, Totals},
    socks,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_fetch_counts_the_same_on_both_sides() {
    let site = Site::start().await.unwrap();
    for path in [
        "/",
        "/bytes/0",
        "/bytes/150000",
        "/favicon.ico",
        "/nothing",
        "/slow/2500/1",
    ] {
        let stream = connect(&site).await;
        let peer = stream.local_addr().unwrap();
        let fetched = socks::get(stream, "site.test", path).await.unwrap();
        let records = site
            .wait_until(LIMIT, |all| all.iter().all(|one| !one.open))
            .await
            .unwrap();

        let record = records.last().unwrap();
        assert_eq!(record.peer, peer, "{path}");
        assert_eq!(
            (record.received, record.sent),
            (fetched.sent, fetched.received),
            "{path}"
        );
        assert_eq!(fetched.received, Answer::to(path).total_bytes(), "{path}");
        let request = &record.requests[0];
        assert_eq!(
            (request.path.as_str(), request.head_bytes),
            (path, fetched.sent)
        );
        assert_eq!(request.answer_bytes, fetched.received, "{path}");
    }
    let totals = site.totals();
    assert_eq!(totals.connections, 6);
    assert_eq!(totals, Totals::of(&site.connections()));
}

#[tokio::test]
async fn a_request_with_a_body_counts_the_body() {
    let site = Site::start().await.unwrap();
    let mut stream = connect(&site).await;
    let head = "POST /bytes/5 HTTP/1.1\r\nHost: site.test\r\ncontent-length: 200000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 200_000]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    drop(stream);

    let records = site.wait_until(LIMIT, |all| !all[0].open).await.unwrap();
    let request = &records[0].requests[0];
    assert_eq!(
        (request.method.as_str(), request.body_bytes),
        ("POST", 200_000)
    );
    assert_eq!(records[0].received, request.head_bytes + request.body_bytes);
    assert_eq!(records[0].sent, u64::try_from(answer.len()).unwrap());
}

#[tokio::test]
async fn a_client_that_leaves_midway_ends_the_record_short_of_its_plan() {
    let site = Site::start().await.unwrap();
    let mut stream = connect(&site).await;
    // The answer would take a minute and a half; the test leaves after the first piece.
    stream
        .write_all(b"GET /slow/1000000/100 HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    stream.read_exact(&mut [0; 500]).await.unwrap();
    drop(stream);

    let records = site
        .wait_until(LIMIT, |all| all.first().is_some_and(|one| !one.open))
        .await;
    let record = &records.unwrap()[0];
    assert!(
        record.sent >= 500 && record.sent < record.requests[0].answer_bytes,
        "{record:?}"
    );
}

#[tokio::test]
async fn what_is_not_a_request_is_counted_but_not_answered() {
    let site = Site::start().await.unwrap();
    let mut stream = connect(&site).await;
    stream
        .write_all(b"\x16\x03\x01 not http\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();

    let records = site.wait_until(LIMIT, |all| !all[0].open).await.unwrap();
    assert_eq!((records[0].received, records[0].sent), (16, 0));
    assert_eq!((records[0].requests.len(), answer.len()), (0, 0));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test's own dialer, to loopback"
)]
async fn connect(site: &Site) -> TcpStream {
    TcpStream::connect(("127.0.0.1", site.port()))
        .await
        .unwrap()
}
