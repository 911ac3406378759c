//! Refuses a client that speaks a protocol other than SOCKS5, in that protocol. So a person who
//! chose the wrong type of proxy reads what to change. The answer repeats nothing of the request.

use std::io;

use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};

use crate::closing::{CLOSING_MAX, say_and_close};

/// The version byte of SOCKS4 and SOCKS4a.
const SOCKS4: u8 = 4;
/// SOCKS4 protocol, "CONNECT": version 0, 91 "request rejected or failed", and six bytes to be
/// ignored.
const SOCKS4_REJECTED: [u8; 8] = [0, 91, 0, 0, 0, 0, 0, 0];
/// Longest request head that is read before the answer. Large enough for cookies, otherwise
/// arbitrary.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Answer to a program that uses the relay as an HTTP proxy. Tor's SOCKS port answers in the same
/// way.
const HTTP_ANSWER: &str = "HTTP/1.0 501 Onionmeter is a SOCKS5 proxy, not an HTTP proxy\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Connection: close\r\n\
    \r\n\
    This is Onionmeter's relay. It is a SOCKS5 proxy, not an HTTP proxy.\n\
    In the proxy settings of your program, \
    choose SOCKS5 (also called \"SOCKS v5\" or socks5h) for this\n\
    address and port, let the proxy look up names, \
    and leave the fields for HTTP and HTTPS proxies empty.\n";

/// Answers a client whose first byte was `first`; `early` came with it.
pub(super) async fn turn_away(mut client: TcpStream, first: u8, early: &[u8]) -> io::Result<()> {
    if first == SOCKS4 {
        return say_and_close(client, &SOCKS4_REJECTED).await;
    }
    if !first.is_ascii_uppercase() {
        return Ok(()); // no answer fits here; closing is enough
    }
    let mut head = vec![first];
    head.extend_from_slice(early);
    // If only half a head arrives in time, that half decides.
    if let Ok(read) = timeout(CLOSING_MAX, read_head(&mut client, &mut head)).await {
        read?;
    }
    if is_http(&head) && !may_be_from_a_page(&head) {
        say_and_close(client, HTTP_ANSWER.as_bytes()).await?;
    }
    Ok(())
}

/// Reads up to the empty line, the end of the stream, or the limit.
async fn read_head(client: &mut TcpStream, head: &mut Vec<u8>) -> io::Result<()> {
    while !is_whole(head) && head.len() < HEAD_BYTES_MAX {
        let room = HEAD_BYTES_MAX.saturating_sub(head.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        if (&mut *client).take(room).read_buf(head).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Whether the empty line has come, by which a lone line feed does as well (RFC 9112 §2.2).
fn is_whole(head: &[u8]) -> bool {
    let crlf = head.windows(4).any(|end| end == b"\r\n\r\n");
    crlf || head.windows(2).any(|end| end == b"\n\n")
}

/// Whether the first line ends as a request line of HTTP/1 does (RFC 9112 §3).
fn is_http(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.trim_ascii_end();
    // The last is the preface of HTTP/2 (RFC 9113 §3.4).
    let versions = [&b" HTTP/1.1"[..], b" HTTP/1.0", b" HTTP/2.0"];
    versions.iter().any(|version| line.ends_with(version))
}

/// Whether a web page may have caused the request. A page must not learn that Onionmeter is here,
/// so it gets no answer.
///
/// A request to a proxy names a host or a whole URL (RFC 9112 §3.2); a request to a web site names
/// a path. With a path to a loopback address, a browser also sends where the request came from
/// (Fetch Metadata): `none` if a person typed the address. It sends nothing for a host name that
/// was made to resolve to a loopback address.
fn may_be_from_a_page(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n');
    let request = lines.next().unwrap_or_default();
    let target = request.split(|&byte| byte == b' ').nth(1);
    let mut typed = false;
    for line in lines {
        let line = line.to_ascii_lowercase();
        let site = line
            .strip_prefix(b"sec-fetch-site:")
            .map(<[u8]>::trim_ascii);
        typed |= site == Some(b"none");
        if line.starts_with(b"origin:") || site.is_some_and(|site| site != b"none") {
            return true;
        }
    }
    !typed && target.is_some_and(|target| target.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_told_from_other_words() {
        for (head, expected) in [
            ("GET http://a.example/ HTTP/1.1\r\n\r\n", true),
            (
                "CONNECT a.example:443 HTTP/1.0\r\nHost: a.example\r\n\r\n",
                true,
            ),
            ("GET / HTTP/1.1\n", true),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true),
            ("G", false),
            ("HELO a.example\r\n", false),
            ("GET /\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(is_http(head.as_bytes()), expected, "{head:?}");
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line_however_lines_end() {
        assert!(is_whole(b"CONNECT a:1 HTTP/1.1\n\n"));
        assert!(is_whole(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(!is_whole(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n"));
    }

    #[test]
    fn a_page_is_told_from_a_person_and_from_other_programs() {
        for (head, expected) in [
            ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", false),
            ("CONNECT a:443 HTTP/1.1\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: rebound.example:9149\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nSec-Fetch-Site: none\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nSEC-FETCH-SITE: cross-site\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nsec-fetch-site:same-site\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nOrigin: https://a.example\r\n\r\n", true),
            (
                "GET http://a/origin: HTTP/1.1\r\nX-Origin: a\r\n\r\n",
                false,
            ),
        ] {
            assert_eq!(may_be_from_a_page(head.as_bytes()), expected, "{head:?}");
        }
    }
}
