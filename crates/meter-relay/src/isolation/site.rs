//! Groups targets by registrable domain (public suffix list).

use std::net::{IpAddr, SocketAddr};

use shadowsocks::relay::socks5::Address;

use crate::target::Target;

/// A site: a registrable domain or an IP address, in one spelling. Has no `Debug`: names are never
/// logged.
///
/// A name that is itself a public suffix, such as the bare name of a hosting service, is its own
/// site. An onion address counts by its last two labels; labels before them are ignored.
#[derive(Clone, Eq, PartialEq)]
pub struct Site(String);

impl Site {
    /// The site of a host, written without port and brackets. `None` if the relay would not pass
    /// the host to Tor: it is not a name, or it belongs to this machine or network.
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        let address = match host.parse::<IpAddr>() {
            Ok(ip) => Address::SocketAddress(SocketAddr::new(ip, ANY_PORT)),
            Err(_) => Address::DomainNameAddress(host.to_owned(), ANY_PORT),
        };
        let target = Target::permit(address, &[]).ok()?;
        Some(Self::of(&target))
    }

    /// The site of a target.
    pub(crate) fn of(target: &Target) -> Self {
        Self(site_of(target.address()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A port that no rule forbids.
const ANY_PORT: u16 = 443;

fn site_of(address: &Address) -> String {
    match address {
        Address::SocketAddress(socket) => socket.ip().to_string(),
        Address::DomainNameAddress(name, _) => site_of_name(name),
    }
}

fn site_of_name(name: &str) -> String {
    // Browsers put IP addresses into the name field, too.
    if let Ok(ip) = name.parse::<IpAddr>() {
        return ip.to_string();
    }
    // The list is written in lower case and without a final dot.
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    psl::domain_str(name).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, site: &str) {
        assert_eq!(site_of_name(name), site, "{name}");
    }

    #[test]
    fn hosts_of_one_registrable_domain_are_one_site() {
        check("example.com", "example.com");
        check("www.example.com", "example.com");
        check("a.b.c.example.co.uk", "example.co.uk");
        check("_dmarc.example.org", "example.org");
    }

    #[test]
    fn customers_of_one_host_are_sites_of_their_own() {
        check("alice.github.io", "alice.github.io");
        check("x.bob.github.io", "bob.github.io");
        check("github.io", "github.io");
        check("co.uk", "co.uk");
    }

    #[test]
    fn a_wildcard_rule_and_its_exception_hold() {
        check("www.example.ck", "www.example.ck");
        check("a.www.example.ck", "www.example.ck");
        check("www.ck", "www.ck");
        check("x.www.ck", "www.ck");
    }

    #[test]
    fn spelling_makes_no_site() {
        check("WWW.Example.COM", "example.com");
        check("www.example.com.", "example.com");
    }

    #[test]
    fn international_suffixes_are_known_in_their_ascii_form() {
        check("www.example.xn--55qx5d.cn", "example.xn--55qx5d.cn");
    }

    #[test]
    fn an_unlisted_last_label_counts_as_a_suffix() {
        check("a.test", "a.test");
        check("www.a.test", "a.test");
    }

    #[test]
    fn an_onion_address_is_a_site_with_all_its_subdomains() {
        let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
        check(onion, onion);
        check(&format!("www.a.{onion}"), onion);
        check(&onion.to_uppercase(), onion);
    }

    #[test]
    fn a_host_is_a_site_only_if_the_relay_would_pass_it_on() {
        let site = |host| Site::of_host(host).map(|site| site.as_str().to_owned());
        assert_eq!(site("www.Example.com").as_deref(), Some("example.com"));
        assert_eq!(site("2606:2800:220:1::1"), site("2606:2800:0220:1::1"));
        let long = "a".repeat(300);
        for host in [
            "",
            "localhost",
            "127.0.0.1",
            "192.168.1.1",
            "::1",
            "a b",
            &long,
        ] {
            assert_eq!(site(host), None, "{host}");
        }
    }

    #[test]
    fn a_literal_is_its_own_site_in_either_field_and_spelling() {
        let literal = |text: &str| site_of(&Address::SocketAddress(text.parse().expect(text)));
        assert_eq!(literal("93.184.216.34:80"), literal("93.184.216.34:443"));
        assert_ne!(literal("93.184.216.34:80"), literal("93.184.216.35:80"));
        check("93.184.216.34", &literal("93.184.216.34:80"));
        check("2606:2800:0220:1::1", &literal("[2606:2800:220:1::1]:80"));
    }
}
