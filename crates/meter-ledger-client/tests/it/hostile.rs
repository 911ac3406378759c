//! Servers that do not answer as a ledger does. Each ends in an error that says what was wrong, and
//! the client never takes more than its caps.

use crate::server::{Server, answer, request, say};
use meter_ledger_client::{BODY_BYTES_MAX, ClientError, HEAD_BYTES_MAX};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// Long enough for an answer on loopback that is there already.
const HURRIED: Duration = Duration::from_millis(700);
/// What one read may take beyond a cap: the buffer of a connection.
const TAKEN_MAX: usize = BODY_BYTES_MAX + 2 * HEAD_BYTES_MAX;

const INFO: &str = concat!(
    r#"{"challenge":"0707070707070707070707070707070707070707070707070707070707070707","#,
    r#""expires_ms":"1"}"#,
);

/// The error of the client, and how many bytes it took until then.
async fn refused(server: &Server) -> (ClientError<std::io::Error>, usize) {
    let (mut client, taken) = server.client();
    let error = client.challenge().await.expect_err("an error");
    (error, taken.load(Ordering::SeqCst))
}

/// The variant, which can be compared although an error of the system cannot.
fn kind(error: &ClientError<std::io::Error>) -> String {
    match error {
        ClientError::Dial(_) => "Dial".to_owned(),
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn check(error: &ClientError<std::io::Error>, expected: &str) {
    assert_eq!(kind(error), expected);
}

#[tokio::test]
async fn a_server_that_never_answers_ends_in_time() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.read_u8().await.expect_err("the client hangs up");
    })
    .await;
    let (mut client, _) = server.hurried(HURRIED);
    check(&client.info().await.expect_err("an error"), "TimedOut");
}

#[tokio::test]
async fn an_answer_in_single_bytes_ends_in_time() {
    for head in [
        "",
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    ] {
        let server = Server::start(move |mut stream| async move {
            request(&mut stream).await;
            say(&mut stream, head.as_bytes()).await;
            while say(&mut stream, b"H").await {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let (mut client, taken) = server.hurried(HURRIED);
        let error = client.challenge().await.expect_err("an error");
        check(&error, "TimedOut");
        assert!(taken.load(Ordering::SeqCst) < 1_000);
    }
}

#[tokio::test]
async fn interim_answers_without_end_end_in_time() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        while say(&mut stream, b"HTTP/1.1 103 Early Hints\r\n\r\n").await {
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    let (mut client, _) = server.hurried(HURRIED);
    check(&client.challenge().await.expect_err("an error"), "TimedOut");
}

/// Sends `begin`, and then this piece until the client has gone or a gigabyte was sent.
async fn flood(mut stream: TcpStream, begin: &'static str, piece: Vec<u8>) {
    request(&mut stream).await;
    say(&mut stream, begin.as_bytes()).await;
    let mut left: usize = 1 << 30;
    while left > 0 && say(&mut stream, &piece).await {
        left = left.saturating_sub(piece.len());
    }
}

#[tokio::test]
async fn l_02_a_body_of_a_gigabyte_is_not_taken() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
    let server = Server::start(move |stream| flood(stream, announced, vec![b' '; 65_536])).await;
    let (error, taken) = refused(&server).await;
    check(&error, "TooLarge");
    assert!(taken <= 2 * HEAD_BYTES_MAX, "{taken}: its length was told");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"10000\r\n", &[b' '; 65_536][..], b"\r\n"].concat();
    let server = Server::start(move |stream| flood(stream, chunked, chunk.clone())).await;
    let (error, taken) = refused(&server).await;
    check(&error, "TooLarge");
    assert!((BODY_BYTES_MAX..=TAKEN_MAX).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_head_without_end_is_not_taken() {
    let begin = "HTTP/1.1 200 OK\r\n";
    for line in [&b"X: y\r\n"[..], b"y"] {
        let line = line.to_vec();
        let server = Server::start(move |stream| flood(stream, begin, line.clone())).await;
        let (error, taken) = refused(&server).await;
        check(&error, "NotHttp");
        assert!(taken <= 2 * HEAD_BYTES_MAX, "{taken}");
    }
}

#[tokio::test]
async fn l_01_a_redirect_is_told_and_never_followed() {
    let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let to = other.local_addr().expect("its address");
    for status in ["301", "302", "303", "307", "308", "300", "304"] {
        let headers = format!("Location: http://{to}/api/challenge\r\n");
        let server = Server::with(answer(status, &headers, "")).await;
        let (error, _) = refused(&server).await;
        check(&error, &format!("Redirect({status})"));
        assert_eq!(server.accepted(), 1);
    }
    let other = other.into_std().expect("a socket");
    let accepted = other.accept().expect_err("nobody came");
    assert_eq!(accepted.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn other_protocols_are_not_http() {
    for words in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "220 mail.example.org ESMTP\r\n",
        "\x15\x03\x03\x00\x02\x02\x46",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "<html>no status line</html>\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    ] {
        let server = Server::with(words).await;
        let (error, _) = refused(&server).await;
        check(&error, "NotHttp");
    }
}

#[tokio::test]
async fn l_02_answers_that_are_compressed_or_whose_end_is_unclear_are_refused() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let length = INFO.len();
    let chunked = format!("{length:x}\r\n{INFO}\r\n0\r\n\r\n");
    for words in [
        // The same length twice, two lengths, a length and chunks, no length at all.
        format!("{ok}Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n{INFO}"),
        format!("{ok}Content-Length: {length}\r\nContent-Length: 1\r\n\r\n{INFO}"),
        format!("{ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}"),
        format!("{ok}\r\n{INFO}"),
        format!("HTTP/1.0 200 OK\r\n\r\n{INFO}"),
        // Compressed, and an upgrade.
        format!("{ok}Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n{INFO}"),
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n".to_owned(),
    ] {
        let server = Server::with(&words).await;
        let (error, _) = refused(&server).await;
        check(&error, "NotHttp");
    }
}

#[tokio::test]
async fn http_that_is_no_ledgers_is_told_with_its_status() {
    for (status, body) in [
        ("200 OK", "<html>Welcome to nginx!</html>"),
        ("200 OK", ""),
        ("200 OK", "{}"),
        ("200 OK", "[]"),
        ("200 OK", "{\"challenge\":\"00\",\"expires_ms\":\"1\"}"),
        ("404 Not Found", "<html>"),
        ("502 Bad Gateway", ""),
        ("500 Internal", "{\"error\":\"text\"}"),
    ] {
        let server = Server::with(answer(status, "", body)).await;
        let (error, _) = refused(&server).await;
        let (number, _) = status.split_once(' ').expect("a number");
        check(&error, &format!("NotALedger({number})"));
    }
}

#[tokio::test]
async fn a_connection_that_ends_at_any_byte_of_an_answer_is_broken() {
    let whole = answer("200 OK", "Cache-Control: no-store\r\n", INFO).into_bytes();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{INFO}\r\n0\r\n\r\n",
        INFO.len()
    );
    for whole in [whole, chunked.into_bytes()] {
        let cuts = std::sync::atomic::AtomicUsize::new(0);
        let answer = whole.clone();
        let server = Server::start(move |mut stream| {
            let end = cuts.fetch_add(1, Ordering::SeqCst);
            let part = answer[..end].to_vec();
            async move {
                request(&mut stream).await;
                say(&mut stream, &part).await;
            }
        })
        .await;
        for end in 0..whole.len() {
            let (error, taken) = refused(&server).await;
            assert_eq!((kind(&error).as_str(), taken), ("Broken", end));
        }
        let (mut client, _) = server.client();
        client.challenge().await.expect("the whole answer");
    }
}

/// Unread bytes at the end make the system reset the connection.
#[tokio::test]
async fn a_reset_connection_is_broken() {
    let server = Server::start(|mut stream| async move {
        stream.read_u8().await.expect("the first byte");
        say(
            &mut stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        )
        .await;
    })
    .await;
    let (error, _) = refused(&server).await;
    check(&error, "Broken");
}
