//! The cookie of a browser that is signed in.
//!
//! Cookies do not tell ports apart, so two ledgers on one computer would overwrite each other's:
//! the name carries the ledger's key. `__Host-` and `Secure` need https.

use super::origins::{Origin, only};
use crate::ledger::Token;
use axum::http::{HeaderMap, header};
use meter_core::LedgerKey;

/// The name of the cookie, and whether it goes over https only.
#[derive(Clone, Debug)]
pub struct CookieName {
    name: String,
    is_https: bool,
}

impl CookieName {
    /// The name for a ledger that is reached under this address.
    #[must_use]
    pub fn new(origin: &Origin, key: LedgerKey) -> Self {
        let prefix = if origin.is_https() { "__Host-" } else { "" };
        let (short, _) = key.0.split_at(8);
        Self {
            name: format!("{prefix}onionmeter-{}", hex::encode(short)),
            is_https: origin.is_https(),
        }
    }

    /// The secret that a browser sent. `None` unless it sent exactly one.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap) -> Option<Token> {
        let mut values = only(headers, &header::COOKIE)?
            .split("; ")
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value);
        let value = values.next().filter(|_| values.next().is_none())?;
        Token::parse(value)
    }

    /// The value of `Set-Cookie` that signs a browser in.
    #[must_use]
    pub fn set(&self, secret: &Token) -> String {
        self.with(&secret.text(), "")
    }

    /// The value of `Set-Cookie` that removes it.
    #[must_use]
    pub fn removed(&self) -> String {
        self.with("", "; Max-Age=0")
    }

    fn with(&self, value: &str, end: &str) -> String {
        let secure = if self.is_https { "; Secure" } else { "" };
        let name = &self.name;
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(origin: &str) -> CookieName {
        CookieName::new(&origin.parse().expect("an origin"), LedgerKey([7; 32]))
    }

    fn cookies(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn w_04_over_https_the_cookie_is_bound_to_host_and_scheme_and_over_http_it_can_be_set() {
        let token = Token::parse(&"ab".repeat(16)).expect("a token");
        let set = name("https://ledger.test").set(&token);
        assert!(
            set.starts_with("__Host-onionmeter-0707070707070707=abab"),
            "{set}"
        );
        assert!(
            set.contains("; Secure") && set.contains("; Path=/"),
            "{set}"
        );
        let set = name("http://abc.onion").set(&token);
        assert!(
            set.starts_with("onionmeter-07") && !set.contains("Secure"),
            "{set}"
        );
        for origin in ["https://ledger.test", "http://abc.onion"] {
            let set = name(origin).set(&token);
            assert!(set.contains("; HttpOnly; SameSite=Strict"), "{set}");
            assert!(!set.contains("Domain"), "{set}");
        }
    }

    #[test]
    fn w_04_only_one_cookie_of_this_ledger_signs_in() {
        let name = name("http://abc.onion");
        let value = "ab".repeat(16);
        let own = format!("onionmeter-0707070707070707={value}");
        let other = format!("onionmeter-0808080808080808={value}");
        let read = |lines: &[&str]| name.read(&cookies(lines)).map(|token| token.text());
        assert_eq!(read(&[&own]), Some(value.clone()));
        assert_eq!(
            read(&[&format!("a=b; {other}; {own}")]),
            Some(value.clone())
        );
        assert_eq!(read(&[&other]), None);
        assert_eq!(read(&[&format!("{own}; {own}")]), None);
        assert_eq!(read(&[&own, &own]), None);
        assert_eq!(read(&[&own.to_uppercase()]), None);
        assert_eq!(read(&[&own.replace("ab", "")]), None);
    }
}
