//! The addresses under which this ledger is reached, and the check that a request means one of
//! them.
//!
//! The check of `Host` keeps a page whose name was pointed at this computer (DNS rebinding) from
//! reading answers. The check of `Origin` and `Sec-Fetch-Site` keeps a page of another site from
//! acting for a person who is signed in here. No token is needed for either.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority};
use meter_wire::ledger::LedgerCode;
use std::{fmt, net::IpAddr, str::FromStr};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// One address: scheme, host, and the port where it is not the scheme's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    is_https: bool,
    authority: String,
}

/// The text is not an origin as a browser writes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "an origin is http:// or https:// and a host in lower case, with a port only where it is not \
     80 or 443, and without a path: http://127.0.0.1:3443"
)]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, authority) = text.split_once("://").ok_or(OriginError)?;
        let is_https = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(OriginError),
        };
        let parsed: Authority = authority.parse().map_err(|_| OriginError)?;
        let own_port = if is_https { 443 } else { 80 };
        let is_canonical = parsed.port_u16() != Some(own_port)
            && parsed.port().is_none_or(|port| {
                parsed
                    .port_u16()
                    .is_some_and(|number| number.to_string() == port.as_str())
            })
            && !authority.ends_with(':')
            && !authority.contains('@')
            && !authority.bytes().any(|byte| byte.is_ascii_uppercase());
        is_canonical
            .then(|| Self {
                is_https,
                authority: authority.to_owned(),
            })
            .ok_or(OriginError)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl Origin {
    /// Whether browsers reach it over TLS.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host alone.
    #[must_use]
    pub fn host(&self) -> &str {
        let port = self.authority.rsplit_once(':');
        // The colons of an IPv6 address are inside its brackets.
        let host = port.filter(|(_, port)| !port.ends_with(']'));
        host.map_or(self.authority.as_str(), |(host, _)| host)
    }

    /// Whether it is an address of this computer, which nobody else can reach.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let host = self.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let ip = bare.unwrap_or(host).parse::<IpAddr>();
        ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether devices reach it: an onion service or this computer, without TLS.
    fn takes_devices(&self) -> bool {
        !self.is_https && (self.is_local() || self.host().ends_with(".onion"))
    }

    /// The host, with the port where it is not the scheme's own: the value of `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// The command with which people enrol a device; `None` if devices reach none of the addresses.
#[must_use]
pub fn enrol_command(origins: &[Origin]) -> Option<String> {
    let reached = origins.iter().find(|origin| origin.takes_devices())?;
    Some(format!("onionmeter enroll {reached}"))
}

/// The same where a person has to put the address in.
pub const ENROL_SOMEWHERE: &str = "onionmeter enroll ADDRESS.onion";

/// Every address of this ledger. Requests to any other are refused.
#[derive(Clone, Debug)]
pub struct Origins(Vec<Origin>);

impl Origins {
    /// All addresses; the first is the one to show.
    #[must_use]
    pub const fn new(origins: Vec<Origin>) -> Self {
        Self(origins)
    }

    /// The host of the first address, for a page; empty where there is no address.
    pub(crate) fn shown(&self) -> &str {
        self.0.first().map_or("", Origin::authority)
    }

    /// Whether nobody but this computer is meant to reach it.
    pub(super) fn are_local(&self) -> bool {
        self.0.iter().all(Origin::is_local)
    }

    /// Refuses a request that means another host, or that comes from a page of another site.
    pub(crate) fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), LedgerCode> {
        // A proxy's form of the first line names a host, too; the ledger is no proxy.
        if uri.authority().is_some() {
            return Err(LedgerCode::BadRequest);
        }
        let host = self.of(headers).ok_or(LedgerCode::WrongHost)?;
        if let Some(origin) = headers.get(header::ORIGIN) {
            let is_own =
                only(headers, &header::ORIGIN).is_some_and(|origin| origin == host.to_string());
            if !is_own || origin.is_empty() {
                return Err(LedgerCode::ForeignOrigin);
            }
        }
        match only(headers, &SEC_FETCH_SITE) {
            // Not from a browser, or from one that does not send it: Chromium on an onion address.
            None if !headers.contains_key(&SEC_FETCH_SITE) => Ok(()),
            Some("same-origin" | "none") => Ok(()),
            // A link on another site. The cookie does not come along (`SameSite=Strict`).
            Some("cross-site" | "same-site") if is_opened_page(method, uri, headers) => Ok(()),
            _ => Err(LedgerCode::ForeignOrigin),
        }
    }

    /// The address that a request is for. `None` if this ledger does not have it.
    #[must_use]
    pub fn of(&self, headers: &HeaderMap) -> Option<&Origin> {
        let host = only(headers, &header::HOST)?;
        let is_host = |origin: &&Origin| origin.authority.eq_ignore_ascii_case(host);
        self.0.iter().find(is_host)
    }
}

/// The value of a header that must be there once.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.to_str().ok())?
}

fn is_opened_page(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let is = |name: &HeaderName, value: &'static str| {
        headers.get(name) == Some(&HeaderValue::from_static(value))
    };
    matches!(*method, Method::GET | Method::HEAD)
        && !uri.path().starts_with("/api/")
        && is(&SEC_FETCH_MODE, "navigate")
        && is(&SEC_FETCH_DEST, "document")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let texts = [
            "http://127.0.0.1:3443",
            "http://abc.onion",
            "https://ledger.test",
        ];
        Origins::new(texts.map(|text| text.parse().expect("an origin")).to_vec())
    }

    #[track_caller]
    fn check(line: &str, headers: &[(&str, &str)], expected: Result<(), LedgerCode>) {
        let (method, target) = line.split_once(' ').expect("method and target");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a name");
            map.append(name, value.parse().expect("a value"));
        }
        let method = method.parse().expect("a method");
        let found = origins().check(&method, &target.parse().expect("a target"), &map);
        assert_eq!(found, expected, "{line} {headers:?}");
    }

    #[test]
    fn people_are_told_the_first_address_that_a_device_reaches() {
        let command = |texts: &[&str]| {
            let parse = |text: &&str| text.parse::<Origin>().expect("an origin");
            enrol_command(&texts.iter().map(parse).collect::<Vec<_>>())
        };
        let told = |text: &str| Some(format!("onionmeter enroll {text}"));
        let (web, onion) = ("https://ledger.test", "http://abc.onion");
        assert_eq!(command(&[web, onion]), told(onion));
        assert_eq!(command(&[onion, web]), told(onion));
        assert_eq!(command(&["http://[::1]:3443"]), told("http://[::1]:3443"));
        let none = [web, "http://ledger.test", "https://127.0.0.1:3443"];
        assert_eq!(command(&none), None);
        assert!(!command_is_local("http://127.0.0.1.ledger.test"));
        assert!(command_is_local("https://127.0.0.1:3443"));
    }

    fn command_is_local(text: &str) -> bool {
        text.parse::<Origin>().expect("an origin").is_local()
    }

    #[test]
    fn an_origin_has_one_spelling() {
        for text in [
            "http://127.0.0.1:3443",
            "https://ledger.test",
            "http://[::1]:3443",
        ] {
            let origin: Origin = text.parse().expect(text);
            assert_eq!(origin.to_string(), text);
        }
        for (text, host) in [
            ("http://127.0.0.1:3443", "127.0.0.1"),
            ("https://ledger.test", "ledger.test"),
            ("http://[::1]:3443", "[::1]"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(text.parse::<Origin>().expect(text).host(), host);
        }
        for text in [
            "",
            "ledger.test",
            "ftp://ledger.test",
            "http://",
            "http://ledger.test/",
            "http://ledger.test:80",
            "https://ledger.test:443",
            "http://ledger.test:",
            "http://ledger.test:0080",
            "http://LEDGER.test",
            "http://me@ledger.test",
            "http://ledger.test?x",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(OriginError), "{text}");
        }
    }

    #[test]
    fn w_06_only_the_ledgers_own_hosts_are_answered() {
        for host in ["127.0.0.1:3443", "abc.onion", "ledger.test", "LEDGER.test"] {
            check("GET /", &[("host", host)], Ok(()));
        }
        for host in [
            "evil.test",
            "127.0.0.1",
            "127.0.0.1:3444",
            "127.0.0.1.evil.test:3443",
            "127.0.0.1:3443.evil.test",
            "localhost:3443",
            "[::1]:3443",
            "0.0.0.0:3443",
            "ledger.test:443",
            "ledger.test.",
            "abc.onion:80",
            "",
        ] {
            check("GET /", &[("host", host)], Err(LedgerCode::WrongHost));
        }
        check("GET /", &[], Err(LedgerCode::WrongHost));
        let twice = [("host", "abc.onion"), ("host", "abc.onion")];
        check("GET /", &twice, Err(LedgerCode::WrongHost));
        let host = [("host", "abc.onion")];
        check("GET http://abc.onion/", &host, Err(LedgerCode::BadRequest));
    }

    #[test]
    fn w_02_h_02_a_page_of_another_site_is_refused_by_its_origin() {
        for method in ["POST", "GET", "DELETE", "OPTIONS"] {
            for origin in [
                "https://evil.test",
                "null",
                "http://localhost:3000",
                "http://127.0.0.1:3444",
                "https://abc.onion",
                "http://ledger.test",
                "http://abc.onion.evil.test",
                "http://abc.onion/",
                "",
            ] {
                let headers = [("host", "abc.onion"), ("origin", origin)];
                let line = format!("{method} /api/ledger");
                check(&line, &headers, Err(LedgerCode::ForeignOrigin));
            }
            let headers = [("host", "abc.onion"), ("origin", "http://abc.onion")];
            check(&format!("{method} /api/ledger"), &headers, Ok(()));
        }
        let twice = [
            ("host", "abc.onion"),
            ("origin", "http://abc.onion"),
            ("origin", "http://abc.onion"),
        ];
        check("POST /login", &twice, Err(LedgerCode::ForeignOrigin));
        // One of the ledger's addresses, but not the one that this request is for.
        let other = [("host", "abc.onion"), ("origin", "https://ledger.test")];
        check("POST /login", &other, Err(LedgerCode::ForeignOrigin));
    }

    #[test]
    fn w_02_h_04_a_page_of_another_site_is_refused_by_what_its_browser_says() {
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            for line in ["POST /login", "GET /api/ledger", "GET /"] {
                let headers = [("host", "abc.onion"), ("sec-fetch-site", site)];
                check(line, &headers, Err(LedgerCode::ForeignOrigin));
            }
        }
        for site in ["same-origin", "none"] {
            check(
                "POST /login",
                &[("host", "abc.onion"), ("sec-fetch-site", site)],
                Ok(()),
            );
        }
        let twice = [
            ("host", "abc.onion"),
            ("sec-fetch-site", "none"),
            ("sec-fetch-site", "cross-site"),
        ];
        check("GET /", &twice, Err(LedgerCode::ForeignOrigin));
    }

    #[test]
    fn a_link_on_another_site_opens_a_page_and_nothing_else() {
        let opened = |mode, dest| {
            [
                ("host", "abc.onion"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ]
        };
        check("GET /policy", &opened("navigate", "document"), Ok(()));
        for (line, mode, dest) in [
            ("POST /policy", "navigate", "document"),
            ("GET /api/ledger", "navigate", "document"),
            ("GET /policy", "navigate", "iframe"),
            ("GET /policy", "no-cors", "image"),
            ("GET /policy", "no-cors", "script"),
        ] {
            check(line, &opened(mode, dest), Err(LedgerCode::ForeignOrigin));
        }
    }
}
