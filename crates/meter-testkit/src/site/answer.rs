//! The bytes of the answer for each path. Pure, so that a test can compute the expected number.

use std::time::Duration;

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
            ["slow", count, pause_ms] => Self::pattern(count, pause_ms),
            _ => Self::not_found(),
        }
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
        let most = if self.pause.is_zero() {
            PIECE_BYTES
        } else {
            SLOW_PIECE_BYTES
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
            Self::Text(text) => u64::try_from(text.len()).expect("a page is shorter than 2^64"),
            Self::Pattern(count) => *count,
        }
    }

    /// The byte at `at`: lines of 63 characters, so that a browser can show it.
    fn byte(&self, at: u64) -> u8 {
        match self {
            Self::Text(text) => {
                let at = usize::try_from(at).expect("a page is in memory");
                text.as_bytes().get(at).copied().unwrap_or_default()
            }
            Self::Pattern(_) if at % 64 == 63 => b'\n',
            Self::Pattern(_) => b'a' + u8::try_from(at % 26).expect("a letter's number"),
        }
    }
}

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
    fn only_a_slow_answer_pauses() {
        assert_eq!(Answer::to("/bytes/10").pause(), Duration::ZERO);
        assert_eq!(Answer::to("/slow/10/7").pause(), Duration::from_millis(7));
    }
}
