//! Handshakes that do not lead to a target, and those that do: S-01 to S-16.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::support::{
    client::{GREETING, present, reply, request_for_name, usual_request},
    fake_tor::{FakeTor, SUCCESS},
    rig::Rig,
};

/// For each row: sends `words` to a fresh relay and expects `answer` and one counted refusal.
///
/// How the connection closes is not checked here: with unread bytes a close is a reset.
#[track_caller]
fn refused(words: &[&[u8]], answer: &[u8]) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let tor = FakeTor::start();
        let rig = Rig::before(&tor);
        let mut client = rig.client().await;
        client.send(&words.concat()).await;
        let (bytes, _either_end) = client.rest().await;
        assert_eq!(bytes, answer, "at {caller}");
        tor.assert_untouched();
        drop(client);
        let snapshot = rig.finish_with(0, 0).await;
        assert_eq!(
            (snapshot.connections, snapshot.refused),
            (1, 1),
            "at {caller}"
        );
    }
}

#[tokio::test]
async fn s_01_an_http_client_reads_that_this_is_a_socks_proxy() {
    for head in [
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\n\r\n",
        "POST http://a.example/ HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nSec-Fetch-Site: none\r\n\r\n",
    ] {
        let said = answer_to(head.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.0 501 "), "{head:?}: {said}");
        assert!(said.contains("SOCKS5"), "{head:?}: {said}");
        assert!(!said.contains("a.example"), "nothing is repeated: {said}");
    }
}

#[tokio::test(start_paused = true)] // waits for the rest; the paused clock jumps ahead
async fn s_01_half_a_request_is_answered_too_and_what_is_none_is_not() {
    let said = answer_to(b"GET http://a.example/ HTTP/1.1\r\nHost:").await;
    assert!(said.starts_with("HTTP/1.0 501 "), "{said}");
    for words in [&b"G"[..], b"OPTIONS * ", b"HELO a.example\r\n"] {
        assert_eq!(answer_to(words).await, "");
    }
}

/// Any answer, even a refusal, would tell a page that Onionmeter is here.
#[tokio::test]
async fn s_01_a_page_that_tries_the_port_hears_nothing() {
    for line in ["Origin: https://a.example", "Sec-Fetch-Site: cross-site"] {
        let head = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}\r\n\r\n");
        assert_eq!(answer_to(head.as_bytes()).await, "", "{line}");
    }
    // A host name that its owner made to resolve to 127.0.0.1.
    let rebound = b"GET / HTTP/1.1\r\nHost: rebound.example:9149\r\n\r\n";
    assert_eq!(answer_to(rebound).await, "");
}

/// Returns the answer to a client that sends these bytes. Tor gets nothing, and one refusal is
/// counted.
async fn answer_to(words: &[u8]) -> String {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.send(words).await;
    let (bytes, _either_end) = client.rest().await;
    tor.assert_untouched();
    drop(client);
    assert_eq!(rig.finish_with(0, 0).await.refused, 1);
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn s_02_a_tls_hello_is_closed_without_a_word() {
    refused(&[&[0x16, 3, 1, 2, 0, 1, 0]], &[]).await;
}

#[tokio::test]
async fn s_03_socks4_and_4a_are_rejected_in_their_own_protocol() {
    let rejected = [0, 91, 0, 0, 0, 0, 0, 0];
    refused(&[&[4, 1, 0, 80, 93, 184, 216, 34, 0]], &rejected).await;
    let words: [&[u8]; 2] = [&[4, 1, 0, 80, 0, 0, 0, 1, 0], b"example.com\0"];
    refused(&words, &rejected).await;
}

#[tokio::test]
async fn s_04_no_methods_find_no_method() {
    refused(&[&[5, 0]], &[5, 0xFF]).await;
}

#[tokio::test(start_paused = true)] // the deadline is 10 s; the paused clock jumps ahead
async fn s_05_fewer_methods_than_announced_meet_the_deadline() {
    let methods = [0; 254];
    refused(&[&[5, 255], &methods], &[]).await;
}

#[tokio::test]
async fn s_06_unknown_methods_find_no_method() {
    refused(&[&[5, 1, 1]], &[5, 0xFF]).await;
    refused(&[&[5, 3, 1, 3, 0xFF]], &[5, 0xFF]).await;
}

#[tokio::test(start_paused = true)] // the paused clock jumps ahead
async fn s_07_the_deadline_is_on_the_whole_handshake_not_on_each_byte() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let start = Instant::now();
    let mut client = rig.client().await;
    let drip = async |stream: &tokio::net::TcpStream| {
        for byte in [&GREETING[..], &usual_request()].concat() {
            stream.try_write(&[byte]).unwrap();
            sleep(Duration::from_secs(6)).await;
        }
    };
    let mut heard = [0; 16];
    tokio::select! {
        () = drip(&client.0) => panic!("the relay waited for the last byte"),
        ended = client.0.readable() => ended.unwrap(),
    }
    assert!(
        matches!(client.0.try_read(&mut heard), Ok(0) | Err(_)),
        "closed before any answer"
    );
    assert_eq!(start.elapsed().as_secs(), 10);
    tor.assert_untouched();
    client.hears_nothing().await;
    assert_eq!(rig.finish_with(0, 0).await.refused, 1);
}

#[tokio::test]
async fn s_08_s_09_credentials_of_any_length_are_accepted_and_never_forwarded() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let long = [0xC3; 255];
    let pairs: [(&[u8], &[u8]); 5] = [
        (b"", b""),
        (b"u", b""),
        (b"", b"p"),
        (&long, &long),
        (b"<torS0X>0", b"secret"),
    ];
    for (user, password) in pairs {
        let (mut client, verdict) = present(&rig, user, password).await;
        assert_eq!(verdict, [1, 0]);
        client.send(&usual_request()).await;
        // `open` checks that the relay offers Tor only "no authentication", since this rig does not
        // isolate. `isolations.rs` tests the other case.
        let stream = tor.open().await;
        assert_eq!(client.receive(10).await, SUCCESS);
        drop(stream);
        client.hears_last(&[]).await;
    }
    assert_eq!(rig.finish_with(0, 0).await.refused, 0);
}

#[tokio::test]
async fn s_10_reserved_user_names_of_unknown_form_are_refused() {
    for user in ["<torS0X>", "<torS0X>1", "<torS0X>0x", "<torS0X>z"] {
        let tor = FakeTor::start();
        let rig = Rig::before(&tor);
        let (mut client, verdict) = present(&rig, user.as_bytes(), b"p").await;
        assert_eq!(verdict, [1, 1], "{user}");
        client.hears_last(&[]).await;
        tor.assert_untouched();
        drop(client);
        assert_eq!(rig.finish_with(0, 0).await.refused, 1);
    }
}

#[tokio::test]
async fn credentials_of_another_version_are_closed_without_a_word() {
    refused(&[&[5, 1, 2], &[5, 1, b'u', 1, b'p']], &[5, 2]).await;
}

#[tokio::test]
async fn credentials_are_preferred_wherever_they_stand_as_tor_does_it() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    for greeting in [&[5, 2, 2, 0][..], &[5, 2, 0, 2], &[5, 4, 1, 2, 9, 0]] {
        let mut client = rig.client().await;
        client.send(greeting).await;
        assert_eq!(client.receive(2).await, [5, 2]);
    }
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn s_11_a_stun_message_dressed_as_socks_is_closed_at_the_version() {
    refused(
        &[&GREETING, &[0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0]],
        &[5, 0],
    )
    .await;
}

#[track_caller]
fn request_refused(request: &[u8], code: u8) -> impl Future<Output = ()> {
    let answer = [&[5, 0][..], &reply(code)].concat();
    let words = request.to_vec();
    let caller = std::panic::Location::caller();
    async move {
        println!("request {words:?} from {caller}"); // shown when it fails
        refused(&[&GREETING, &words], &answer).await;
    }
}

#[tokio::test]
async fn s_12_bind_and_udp_associate_are_unsupported_commands() {
    for command in [2, 3] {
        request_refused(&[5, command, 0, 1, 93, 184, 216, 34, 0, 80], 7).await;
        request_refused(&[5, command, 0, 1, 0, 0, 0, 0, 0, 0], 7).await;
        request_refused(
            &[&[5, command, 0, 3, 11][..], b"example.com", &[0, 80]].concat(),
            7,
        )
        .await;
    }
}

#[tokio::test]
async fn s_13_s_14_tors_own_and_unknown_commands_are_unsupported() {
    for command in [0, 4, 0x7F, 0xF0, 0xF1, 0xF2, 0xFF] {
        let mut request = usual_request();
        request[1] = command;
        request_refused(&request, 7).await;
    }
}

#[tokio::test]
async fn s_15_a_reserved_byte_in_use_is_a_general_failure() {
    for reserved in [1, 5, 0xFF] {
        let mut request = usual_request();
        request[2] = reserved;
        request_refused(&request, 1).await;
    }
}

#[tokio::test]
async fn s_16_unknown_address_types_are_unsupported() {
    for address_type in [0, 2, 5, 0xFF] {
        request_refused(&[5, 1, 0, address_type, 93, 184, 216, 34, 0, 80], 8).await;
    }
}

#[tokio::test]
async fn a_refused_client_that_goes_on_talking_meets_no_reset() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    let talk = [0x55; 10_000];
    client
        .send(&[&GREETING[..], &request_for_name(b"localhost", 80), &talk].concat())
        .await;
    assert_eq!(client.receive(12).await, [&[5, 0][..], &reply(2)].concat());
    for _ in 0..4 {
        client.send(&talk).await; // a second send after a reset would fail
    }
    client.end().await;
    client.hears_last(&[]).await;
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn a_handshake_sent_byte_by_byte_is_the_same_handshake() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    for byte in [&GREETING[..], &usual_request()].concat() {
        client.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.receive(2).await, [5, 0]);
    drop(tor.open().await);
    client.hears_last(&SUCCESS).await;
    drop(client);
    assert_eq!(rig.finish_with(0, 0).await.refused, 0);
}

#[tokio::test]
async fn a_client_that_leaves_after_any_prefix_is_closed_without_contact_with_tor() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let words = [&[5, 1, 2][..], &[1, 1, b'u', 1, b'p'], &usual_request()].concat();
    for cut in 0..words.len() {
        let mut client = rig.client().await;
        client.send(&words[..cut]).await;
        client.end().await;
        let answered: &[u8] = match cut {
            0..3 => &[],
            3..8 => &[5, 2],
            _ => &[5, 2, 1, 0],
        };
        client.hears_last(answered).await;
    }
    tor.assert_untouched();
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(snapshot.connections, u64::try_from(words.len()).unwrap());
    assert_eq!(snapshot.refused, 0, "leaving is not being refused");
}
