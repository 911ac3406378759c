//! The bytes of the answer for each path. Pure, so that a test can compute the expected number.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

/// An answer as it will be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    head: String,
    body: Body,
    pause: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Body {
    Text(&'static str),
    Pattern(u64),
    /// The same bytes again and again, a pause between them, for as long as any test runs.
    Repeated(&'static [u8]),
}

impl Answer {
    /// The answer to a request for `path`.
    #[must_use]
    pub fn to(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or(path);
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            [""] => Self::new("200 OK", "text/html; charset=utf-8", Body::Text(PAGE)),
            ["favicon.ico"] => Self::new("204 No Content", "image/x-icon", Body::Text("")),
            ["bytes", count] => Self::pattern(count, "0"),
            ["events"] => Self::repeated("200 OK", EVENTS, "", EVENT),
            ["slow", count, pause_ms] => Self::pattern(count, pause_ms),
            _ => Self::not_found(),
        }
    }

    /// Opens a WebSocket (RFC 6455 §4.2.2) that says something again and again; `key` is what the
    /// request has sent as `Sec-WebSocket-Key`.
    pub(super) fn socket(key: &str) -> Self {
        let accept = STANDARD.encode(Sha1::digest(format!("{key}{WEB_SOCKET}")));
        let fields = format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n");
        Self::repeated("101 Switching Protocols", "", &fields, FRAME)
    }

    /// Bytes of head and body together.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        let head = u64::try_from(self.head.len()).expect("a head is shorter than 2^64");
        head + self.body.len()
    }

    /// Bytes of the body.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.body.len()
    }

    pub(super) fn head(&self) -> &[u8] {
        self.head.as_bytes()
    }

    /// Pause before each piece of the body except the first.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// The next piece of the body from `offset` on; empty at the end.
    pub(super) fn piece(&self, offset: u64) -> Vec<u8> {
        let most = match self.body {
            Body::Repeated(bytes) => length(bytes),
            Body::Text(_) | Body::Pattern(_) if self.pause.is_zero() => PIECE_BYTES,
            Body::Text(_) | Body::Pattern(_) => SLOW_PIECE_BYTES,
        };
        let end = self.body.len().min(offset.saturating_add(most));
        (offset..end).map(|at| self.body.byte(at)).collect()
    }

    fn pattern(count: &str, pause_ms: &str) -> Self {
        match (count.parse(), pause_ms.parse()) {
            (Ok(count), Ok(pause_ms)) if count <= BODY_BYTES_MAX => Self {
                pause: Duration::from_millis(pause_ms),
                ..Self::new("200 OK", "text/plain; charset=utf-8", Body::Pattern(count))
            },
            _ => Self::not_found(),
        }
    }

    /// The length is not announced. A WebSocket has no type, and its connection goes on.
    fn repeated(status: &str, kind: &str, fields: &str, bytes: &'static [u8]) -> Self {
        let connection = match kind {
            "" => "Connection: Upgrade\r\n".to_owned(),
            kind => format!("Content-Type: {kind}\r\nConnection: close\r\n"),
        };
        Self {
            head: format!("HTTP/1.1 {status}\r\n{connection}{fields}\r\n"),
            body: Body::Repeated(bytes),
            pause: REPEATED_EVERY,
        }
    }

    fn not_found() -> Self {
        Self::new(
            "404 Not Found",
            "text/plain; charset=utf-8",
            Body::Text("no such page\n"),
        )
    }

    fn new(status: &str, kind: &str, body: Body) -> Self {
        // A 204 has no body and must not announce one (RFC 9110 §8.6).
        let length = match body.len() {
            0 if status.starts_with("204") => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{length}\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        );
        Self {
            head,
            body,
            pause: Duration::ZERO,
        }
    }
}

impl Body {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => length(text.as_bytes()),
            Self::Pattern(count) => *count,
            Self::Repeated(bytes) => length(bytes) * REPEATED_MAX,
        }
    }

    /// The byte at `at`: lines of 63 characters, so that a browser can show it.
    fn byte(&self, at: u64) -> u8 {
        match self {
            Self::Text(text) => byte(text.as_bytes(), at),
            Self::Repeated(bytes) => byte(bytes, at % length(bytes)),
            Self::Pattern(_) if at % 64 == 63 => b'\n',
            Self::Pattern(_) => b'a' + u8::try_from(at % 26).expect("a letter's number"),
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("memory is smaller than 2^64 bytes")
}

fn byte(bytes: &[u8], at: u64) -> u8 {
    let at = usize::try_from(at).expect("a place in memory");
    bytes.get(at).copied().unwrap_or_default()
}

/// Server-sent events (HTML, section 9.2.5).
const EVENTS: &str = "text/event-stream";
const EVENT: &[u8] = b"data: on\n\n";

/// What a server appends to the key (RFC 6455 §1.3).
const WEB_SOCKET: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// A text of two letters, whole and not masked (RFC 6455 §5.2).
const FRAME: &[u8] = b"\x81\x02on";

const REPEATED_EVERY: Duration = Duration::from_millis(20);
/// More than five hours of them.
const REPEATED_MAX: u64 = 1_000_000;

/// It loads nothing else: its icon is inside the page.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A small site</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; font: 18px/1.5 sans-serif; }
body { max-width: 32rem; margin: 4rem auto; padding: 0 1rem; }
</style>
</head>
<body>
<h1>A small site</h1>
<p id="proof">This page came from the site on this computer.</p>
</body>
</html>
"#;

const BODY_BYTES_MAX: u64 = 100_000_000;
const PIECE_BYTES: u64 = 65_536;
const SLOW_PIECE_BYTES: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_announced_length() {
        for (path, status, body_bytes) in [
            ("/", "200", u64::try_from(PAGE.len()).unwrap()),
            ("/?again", "200", u64::try_from(PAGE.len()).unwrap()),
            ("/bytes/0", "200", 0),
            ("/bytes/150000", "200", 150_000),
            ("/slow/2500/10", "200", 2_500),
            ("/favicon.ico", "204", 0),
            ("/nothing", "404", 13),
            ("/bytes/100000001", "404", 13),
            ("/bytes/-1", "404", 13),
            ("/slow/10", "404", 13),
        ] {
            let answer = Answer::to(path);
            assert!(
                answer.head.starts_with(&format!("HTTP/1.1 {status} ")),
                "{path}"
            );
            let mut sent = 0;
            while let piece @ [_, ..] = answer.piece(sent).as_slice() {
                sent += u64::try_from(piece.len()).unwrap();
            }
            assert_eq!(
                (sent, answer.body_bytes()),
                (body_bytes, body_bytes),
                "{path}"
            );
        }
    }

    #[test]
    fn a_key_is_accepted_as_in_the_example_of_the_standard() {
        // RFC 6455 §1.3.
        let answer = Answer::socket("dGhlIHNhbXBsZSBub25jZQ==");
        assert!(answer.head.contains(": s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert_eq!(
            (answer.piece(0), answer.piece(4)),
            (FRAME.to_vec(), FRAME.to_vec())
        );
    }

    #[test]
    fn only_a_slow_answer_pauses() {
        assert_eq!(Answer::to("/bytes/10").pause(), Duration::ZERO);
        assert_eq!(Answer::to("/slow/10/7").pause(), Duration::from_millis(7));
    }
}
