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
    let text = text.trim();
    let refused = || "write a site like www.example.com, or paste its address".to_owned();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(ip.to_string());
    }
    let rest = match text.split_once("://") {
        None => text,
        Some((scheme, rest)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => rest,
        Some((scheme, _)) => {
            return Err(format!(
                "{scheme}:// is not loaded through Tor; {}",
                refused()
            ));
        }
    };
    // A URL parser would skip these characters and take a path for a host.
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
