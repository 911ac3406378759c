//! The files that a person takes along: of one moment, and never a part that looks whole.

use crate::{client::get, place::Place};
use meter_testkit::loopback;
use onionmeter_ledger::ledger::{Cursor, WalkError};
use rusqlite::Connection;
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// More than two batches of the file.
const MANY: u32 = 1_200;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_every_session_once_and_ends_with_the_sum() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    let reports: Vec<_> = (0..MANY).map(|_| device.report(1, 1)).collect();
    place.take(&reports).await;
    let mut browser = place.signed_in(Some((account, &device))).await;
    let file = browser.page("/sessions.csv").await;
    assert_eq!(file.lines().count(), 1_202);
    assert!(file.lines().last().expect("a line").starts_with("\"sum\","));
    let export = browser.page("/api/account/export").await;
    assert!(export.ends_with("],\"complete\":true}"));
    let export: serde_json::Value = serde_json::from_str(&export).expect("JSON");
    assert_eq!(export["sessions"].as_array().map(Vec::len), Some(1_200));
    place.ended().await;
}

/// The last page cannot be made: the file has begun, so all that is left is to break it off.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_finished_breaks_off_and_has_no_end() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    let reports: Vec<_> = (0..MANY).map(|_| device.report(1, 1)).collect();
    place.take(&reports).await;
    let browser = place.signed_in(Some((account, &device))).await;
    let damage = "UPDATE reports SET receipt = zeroblob(264) WHERE seq = 1";
    let connection = Connection::open(place.file()).expect("ours");
    assert_eq!(connection.execute(damage, []).expect("ours"), 1);
    let mut client = loopback::connect(place.to).await.expect("it listens");
    let cookie = browser.cookie.as_deref().expect("a cookie");
    let head = get("/sessions.csv", place.to).replacen("\r\n\r\n", "\r\n", 1);
    let head = format!("{head}Cookie: {cookie}\r\n\r\n");
    client.write_all(head.as_bytes()).await.expect("sent");
    let mut seen = Vec::new();
    if let Err(error) = client.read_to_end(&mut seen).await {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    let text = String::from_utf8_lossy(&seen);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("\"sequence\"") && text.matches("\r\n\"20").count() > 900);
    assert!(!text.contains("\"sum\"") && !text.ends_with("0\r\n\r\n"));
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_or_ends_while_a_file_is_written_does_not_make_it_another_one() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    let reports: Vec<_> = (0..7).map(|_| device.report(1, 1)).collect();
    place.take(&reports).await;
    let mut walk = place.ledger.whole(account).expect("read").walk;
    let mut gone = walk.clone();
    place.take(&[device.report(1, 1)]).await;
    let mut seen = Vec::new();
    loop {
        let page = walk.step(&place.ledger, 3).expect("a page");
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|session| session.sequence));
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    assert!(walk.step(&place.ledger, 3).expect("no more").is_empty());
    let all = place.ledger.sessions(account, Cursor::newest(), 100);
    assert_eq!(all.expect("read").len(), 8);

    assert_eq!(gone.step(&place.ledger, 3).expect("a page").len(), 3);
    assert!(place.ledger.delete_account(account).expect("deleted"));
    let rest = gone.step(&place.ledger, 3);
    assert!(matches!(rest, Err(WalkError::Changed)), "{rest:?}");
    place.ended().await;
}
