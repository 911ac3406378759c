//! What people are given for other programs, so that it can be named.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::ServerFault;

/// Schemes of links by the programs that read them.
const LINKS: [(&str, &str); 23] = [
    ("vmess", "a VMess link"),
    ("vless", "a VLESS link"),
    ("trojan", "a Trojan link"),
    ("hysteria", "a Hysteria link"),
    ("hysteria2", "a Hysteria 2 link"),
    ("hy2", "a Hysteria 2 link"),
    ("tuic", "a TUIC link"),
    ("ssr", "a ShadowsocksR link"),
    ("socks", "the link of a SOCKS proxy"),
    ("socks5", "the link of a SOCKS proxy"),
    ("wireguard", "a WireGuard link"),
    ("wg", "a WireGuard link"),
    ("naive+https", "a NaiveProxy link"),
    ("anytls", "an AnyTLS link"),
    ("ssd", "a subscription in the form of SSD"),
    ("sub", "the link of a subscription"),
    ("clash", "a link for the program Clash"),
    ("sing-box", "a link for the program sing-box"),
    ("sn", "a link for the program NekoBox"),
    ("tg", "a link for the program Telegram"),
    ("juicity", "a Juicity link"),
    ("http", "the address of a page or of an HTTP proxy"),
    ("https", "the address of a page or of an HTTP proxy"),
];

/// First words of a bridge for Tor.
const BRIDGES: [&str; 6] = [
    "Bridge",
    "obfs4",
    "webtunnel",
    "snowflake",
    "meek_lite",
    "conjure",
];

/// The reason for what is known to be something else.
pub(super) fn known(text: &str) -> Option<ServerFault> {
    if let Some((scheme, _)) = text.split_once("://") {
        if scheme.eq_ignore_ascii_case("ssconf") {
            return Some(ServerFault::Dynamic);
        }
        let same = |link: &&(&str, &str)| scheme.eq_ignore_ascii_case(link.0);
        if let Some((_, what)) = LINKS.iter().find(same) {
            return Some(ServerFault::Other(what));
        }
    }
    let is_markdown = text.starts_with('[') && text.contains("](");
    let mut links = ["ss://", "ss%3A%2F%2F", "ss%3a%2f%2f"].iter();
    if is_markdown && links.any(|link| text.contains(link)) {
        return Some(ServerFault::TextBefore);
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    if BRIDGES.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return Some(ServerFault::Other(
            "a bridge line, which belongs into tor.bridges",
        ));
    }
    if text.contains("apiUrl") && text.contains("certSha256") {
        return Some(ServerFault::Other(
            "the access by which an Outline server is managed, which nobody but its owner may have",
        ));
    }
    if text.starts_with("[Interface]") {
        return Some(ServerFault::Other("a WireGuard configuration"));
    }
    if text.starts_with("{\\rtf") {
        return Some(ServerFault::Other(
            "a formatted document (RTF), not plain text",
        ));
    }
    if text.contains("$type") {
        return Some(ServerFault::Other("a configuration of Outline (YAML)"));
    }
    // An entry of its list may be in braces; JSON has quotation marks around both.
    let is_yaml = !text.starts_with("ss://") && text.contains("type: ss");
    (is_yaml || text.starts_with("proxies:"))
        .then_some(ServerFault::Other("a Clash configuration (YAML)"))
}

/// The reason for anything else that is neither a link nor JSON.
pub(super) fn unknown(text: &str) -> ServerFault {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
    let coded: Vec<u8> = text.bytes().filter(|byte| !is_blank(byte)).collect();
    let decoded = STANDARD_NO_PAD.decode(coded);
    if decoded.is_ok_and(|links| links.windows(3).any(|part| part == b"://")) {
        return ServerFault::Subscription;
    }
    if text.matches("ss://").count() > 0 {
        return ServerFault::TextBefore;
    }
    let scheme = text.chars().take(5);
    let mut odd = scheme.filter(|letter| !letter.is_ascii());
    match odd.next() {
        Some(letter) if text.starts_with(['s', 'S']) => ServerFault::Character(letter),
        _ => ServerFault::Unknown,
    }
}
