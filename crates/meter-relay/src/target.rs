//! Decides which targets Tor may be asked for. Pure: depends only on the bytes that the client
//! sent.
//!
//! It resolves nothing: if a public name points to a private address, the exit refuses it. It does
//! not normalise anything either: a permitted target is passed on unchanged, except for the final
//! dot of a name of Tor's own. With that dot Tor asks an exit for the name, in the clear.

mod ip;
mod local;
mod name;
mod refusal;

use std::net::IpAddr;

use shadowsocks::relay::socks5::Address;

use self::refusal::TargetRefusal;

/// An address and port that may go to Tor. Has no `Debug`: targets are never logged.
pub(crate) struct Target(Address);

impl Target {
    /// Permits an address unless a rule forbids it (S-17 to S-21).
    pub(crate) fn permit(
        mut address: Address,
        refused_ports: &[u16],
    ) -> Result<Self, TargetRefusal> {
        match &mut address {
            Address::SocketAddress(socket) if ip::is_internal(socket.ip()) => {
                return Err(TargetRefusal::Forbidden);
            }
            Address::SocketAddress(_) => {}
            Address::DomainNameAddress(name, _) => {
                name::judge(name)?;
                if name::is_tors_own_with_dot(name) {
                    name.pop();
                }
            }
        }
        let port = address.port();
        if port == 0 || refused_ports.contains(&port) {
            return Err(TargetRefusal::Forbidden);
        }
        Ok(Self(address))
    }

    /// Whether it is an IP address, in whichever field the client put it.
    pub(crate) fn is_literal(&self) -> bool {
        match &self.0 {
            Address::SocketAddress(_) => true,
            Address::DomainNameAddress(name, _) => name.parse::<IpAddr>().is_ok(),
        }
    }

    /// The address, for reading.
    pub(crate) fn address(&self) -> &Address {
        &self.0
    }

    /// The address as the client sent it, without the final dot of an onion name.
    pub(crate) fn into_address(self) -> Address {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(address: Address) -> Result<(), TargetRefusal> {
        Target::permit(address, &[9050, 9149]).map(|_| ())
    }

    #[test]
    fn s_21_port_0_and_the_ports_of_tor_and_relay_are_forbidden_on_every_host() {
        for port in [0, 9050, 9149] {
            let name = Address::DomainNameAddress("example.com".to_owned(), port);
            assert_eq!(
                judge(name),
                Err(TargetRefusal::Forbidden),
                "name, port {port}"
            );
            let literal = Address::SocketAddress(([93, 184, 216, 34], port).into());
            assert_eq!(
                judge(literal),
                Err(TargetRefusal::Forbidden),
                "literal, port {port}"
            );
        }
        for port in [1, 80, 443, 9051, 65535] {
            let name = Address::DomainNameAddress("example.com".to_owned(), port);
            assert_eq!(judge(name), Ok(()), "port {port}");
        }
    }

    #[test]
    fn a_malformed_name_is_malformed_whatever_its_port() {
        let name = Address::DomainNameAddress("exa mple.com".to_owned(), 0);
        assert_eq!(judge(name), Err(TargetRefusal::Malformed));
    }

    #[test]
    fn internal_literals_are_forbidden_and_public_ones_pass() {
        let socket = |text: &str| Address::SocketAddress(text.parse().unwrap());
        assert_eq!(judge(socket("10.0.0.1:80")), Err(TargetRefusal::Forbidden));
        assert_eq!(judge(socket("[::1]:80")), Err(TargetRefusal::Forbidden));
        assert_eq!(judge(socket("93.184.216.34:80")), Ok(()));
        assert_eq!(judge(socket("[2606:2800:220:1::1]:80")), Ok(()));
    }

    #[test]
    fn a_literal_is_one_in_either_field() {
        let permit = |address| Target::permit(address, &[]).ok().unwrap().is_literal();
        let name = |text: &str| permit(Address::DomainNameAddress(text.to_owned(), 80));
        assert!(permit(Address::SocketAddress(
            ([93, 184, 216, 34], 80).into()
        )));
        assert!(name("93.184.216.34") && name("2606:2800:220:1::1"));
        assert!(!name("example.com") && !name("1.2.3.4.example.com"));
    }

    #[test]
    fn a_permitted_name_is_passed_on_untouched() {
        let address = Address::DomainNameAddress("WWW.Example.COM.".to_owned(), 443);
        let target = Target::permit(address.clone(), &[]).ok().unwrap();
        assert!(target.into_address() == address);
    }

    #[test]
    fn a_name_of_tors_own_loses_its_final_dot_so_that_no_exit_hears_it() {
        for (asked, passed_on) in [
            ("x.onion.", "x.onion"),
            ("www.X.OnIoN.", "www.X.OnIoN"),
            ("x.onion", "x.onion"),
            ("x.exit.", "x.exit"),
            ("x.onion.example.", "x.onion.example."),
            ("x.notonion.", "x.notonion."),
        ] {
            let address = |name: &str| Address::DomainNameAddress(name.to_owned(), 80);
            let target = Target::permit(address(asked), &[]).ok().unwrap();
            assert!(target.into_address() == address(passed_on), "{asked}");
        }
    }
}
