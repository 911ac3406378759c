//! Parses a site as people paste it: a URL, host and port, upper case, umlauts, an IP address.

use std::net::IpAddr;
use url::{Host, Url};

/// Schemes under which a browser loads through the relay.
const SCHEMES: [&str; 5] = ["http", "https", "ws", "wss", "ftp"];

/// The host in the form of a request; international names in their ASCII form.
///
/// # Errors
/// A sentence for the person who wrote it.
pub(super) fn host(text: &str) -> Result<String, String> {
    let text = unwrapped(text);
    let refused = || "write a site like www.example.com, or paste its address".to_owned();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(ip.to_string());
    }
    let is_known = |scheme: &str| SCHEMES.contains(&scheme.to_ascii_lowercase().as_str());
    let rest = match text.split_once(':') {
        // As in an address bar, where one slash or none does as well.
        Some((scheme, rest)) if is_known(scheme) => {
            let after = rest.trim_start_matches('/');
            if rest.len().saturating_sub(after.len()) > 2 {
                return Err(refused());
            }
            after
        }
        Some((scheme, rest)) if is_other_scheme(scheme, rest) => {
            return Err(format!(
                "{scheme}: is not loaded through Tor; {}",
                refused()
            ));
        }
        Some(_) | None => text,
    };
    // A URL would take the second half of a mail address for a host.
    if text.contains('@') && rest.len() == text.len() && !rest.contains('/') {
        return Err(format!("that is a mail address; {}", refused()));
    }
    // A URL would skip these, and take a path for a host.
    if rest.is_empty() || rest.starts_with(['/', '\\', '?', '#']) {
        return Err(refused());
    }
    let url =
        Url::parse(&format!("http://{rest}")).map_err(|error| format!("{error}; {}", refused()))?;
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            (!name.is_empty())
                .then(|| name.to_owned())
                .ok_or_else(refused)
        }
        Some(Host::Ipv4(ip)) => Ok(ip.to_string()),
        Some(Host::Ipv6(ip)) => Ok(ip.to_string()),
        None => Err(refused()),
    }
}

/// A text without blanks, quotation marks and brackets around it, and as a page's source has it.
fn unwrapped(text: &str) -> &str {
    let around = [
        '"', '\'', '<', '>', '\u{ab}', '\u{bb}', '\u{201c}', '\u{201d}', '\u{201e}',
    ];
    let text = text.trim().trim_matches(around).trim();
    text.strip_prefix("view-source:").unwrap_or(text)
}

/// Whether `scheme:rest` is an address of another kind. A host has a port, or is an IPv6 address in
/// brackets.
fn is_other_scheme(scheme: &str, rest: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-".contains(&byte);
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(is_letter);
    is_scheme && !rest.starts_with(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_taken_as_it_is_pasted() {
        let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
        for (text, expected) in [
            ("example.com", "example.com"),
            (" www.example.com ", "www.example.com"),
            ("WWW.Example.COM", "www.example.com"),
            ("example.com.", "example.com"),
            ("https://example.com", "example.com"),
            ("HTTPS://Example.com:8443/a?b#c", "example.com"),
            ("https://user:word@example.com/", "example.com"),
            ("wss://example.com/socket", "example.com"),
            ("example.com:8080", "example.com"),
            ("example.com/path", "example.com"),
            ("example.com?q=1", "example.com"),
            ("https://bücher.example/", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("http://例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("https:example.com", "example.com"),
            ("http:/example.com/a", "example.com"),
            ("view-source:https://example.com/", "example.com"),
            ("\"example.com\"", "example.com"),
            ("\u{ab}example.com\u{bb}", "example.com"),
            ("<https://example.com/>", "example.com"),
            ("localhost:8080", "localhost"),
            ("203.0.113.7", "203.0.113.7"),
            ("http://203.0.113.7:80/", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("https://[2001:DB8::1]:443/x", "2001:db8::1"),
            (onion, onion),
            ("_dmarc.example.org", "_dmarc.example.org"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_names_no_site_is_told_with_an_example() {
        for text in [
            "",
            " ",
            "https://",
            "https:///",
            "/path",
            "file:///etc/passwd",
            "about:blank",
            "mailto:a@b.example",
            "javascript:alert(1)",
            "tel:+49",
            "a@b.example",
            "http:",
            "chrome://settings",
            "data:text/html,x",
            "exa mple.com",
            "[::1",
            "example.com:99999",
            "a<b",
            "?",
            "http://./",
        ] {
            let said = host(text).expect_err(text);
            assert!(said.contains("www.example.com"), "{text}: {said}");
        }
    }
}
