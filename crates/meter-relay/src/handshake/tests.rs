//! Tests the handshake over a pipe that passes a few bytes at a time.

use tokio::io::{AsyncWriteExt, duplex, split};

use super::*;

const GREETING: &[u8] = &[5, 1, 0];
const GREETING_WITH_CREDENTIALS: &[u8] = &[5, 1, 2, 1, 2, b'm', b'e', 3, b'p', b'w', b'd'];
const REQUESTS: [(&[u8], &str); 3] = [
    (&[5, 1, 0, 1, 93, 184, 216, 34, 1, 187], "93.184.216.34:443"),
    (b"\x05\x01\x00\x03\x0bexample.com\x00\x50", "example.com:80"),
    (
        &[
            5, 1, 0, 4, 0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11, 0x1f, 0x90,
        ],
        "[2606:4700::1111]:8080",
    ),
];
const EARLY_PAYLOAD: &[u8] = b"GET / HTTP/1.1";

/// Sends `words` through a pipe that holds `width` bytes, then closes it. Returns the outcome, the
/// answers, and the bytes that the handshake left unread.
async fn receive_all(
    words: &[u8],
    width: usize,
) -> (Result<Request, HandshakeEnd>, Vec<u8>, Vec<u8>) {
    let (client, mut relay) = duplex(width);
    let (mut answers, mut client) = split(client);
    let talk = async {
        // A handshake that ended early does not read the rest. That is no failure of this side.
        drop(client.write_all(words).await);
        drop(client.shutdown().await);
    };
    let mut answered = Vec::new();
    let serve = async {
        let outcome = receive(&mut relay).await;
        let mut left = Vec::new();
        relay.read_to_end(&mut left).await.unwrap();
        drop(relay);
        (outcome, left)
    };
    let ((outcome, left), (), heard) =
        tokio::join!(serve, talk, answers.read_to_end(&mut answered));
    heard.unwrap();
    (outcome, answered, left)
}

#[tokio::test]
async fn cut_at_every_byte_it_finds_the_same_target_and_leaves_the_payload() {
    for (request, target) in REQUESTS {
        for greeting in [GREETING, GREETING_WITH_CREDENTIALS] {
            let words = [greeting, request, EARLY_PAYLOAD].concat();
            for width in 1..=words.len() {
                let (outcome, answered, left) = receive_all(&words, width).await;
                let request = outcome.ok().unwrap();
                assert_eq!(request.address.to_string(), target, "width {width}");
                let said = request.credentials.map(|c| (c.user, c.password));
                let is_said = said.is_some_and(|(user, password)| {
                    (user.as_slice(), password.as_slice()) == (b"me", b"pwd")
                });
                assert_eq!(is_said, greeting != GREETING, "width {width}");
                let expected: &[u8] = if greeting == GREETING {
                    &[5, 0]
                } else {
                    &[5, 2, 1, 0]
                };
                assert_eq!(answered, expected, "width {width}");
                assert_eq!(left, EARLY_PAYLOAD, "width {width}");
            }
        }
    }
}

#[tokio::test]
async fn every_proper_prefix_is_a_client_that_left() {
    for (request, _) in REQUESTS {
        let words = [GREETING_WITH_CREDENTIALS, request].concat();
        for cut in 0..words.len() {
            let (outcome, ..) = receive_all(&words[..cut], 64).await;
            assert!(matches!(outcome, Err(HandshakeEnd::Gone)), "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn no_first_byte_but_five_is_socks() {
    for byte in (0..=u8::MAX).filter(|byte| *byte != SOCKS_VERSION) {
        let (outcome, answered, left) = receive_all(&[byte, 1, 0], 64).await;
        assert!(
            matches!(outcome, Err(HandshakeEnd::OtherProtocol(first)) if first == byte),
            "{byte}"
        );
        assert!(answered.is_empty(), "{byte}");
        assert_eq!(left, [1, 0], "the first byte alone decides");
    }
}

#[tokio::test]
async fn no_command_but_connect_leads_to_a_target() {
    for command in (0..=u8::MAX).filter(|command| *command != 1) {
        let request = [5, command, 0, 1, 93, 184, 216, 34, 0, 80];
        let (outcome, ..) = receive_all(&[GREETING, &request].concat(), 64).await;
        let refused = matches!(
            outcome,
            Err(HandshakeEnd::Request(Reply::CommandNotSupported))
        );
        assert!(refused, "{command}");
    }
}
