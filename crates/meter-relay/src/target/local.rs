//! Names that have a meaning only on this computer or in its network.
//!
//! No exit can resolve them. A query would tell the exit which devices are in the person's network.
//! And some of these names also exist in public: a stranger's server could then get the password of
//! a router.
//!
//! `.test` is not among them. RFC 6761 §6.2 asks resolvers to send no such names by default; Tor
//! and Tor Browser send them. The exit then hears a name that a developer gave to a site at home.
//! It stays so because the sites of our private Tor network are below `.test`, which no public site
//! can be, and the relay must not know when it is tested. Before it refuses them, those sites need
//! another suffix: `.example`, which RFC 6761 §6.5 lets every resolver send.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ip::is_internal;

/// Names from standards: RFC 6761 §6.3 (localhost), RFC 6762 §3 (local), RFC 8375 (home.arpa), RFC
/// 9462 §6.4 (resolver.arpa), RFC 9665 (service.arpa), RFC 8880 (ipv4only.arpa, which every network
/// answers itself); ICANN reserves `.internal` (resolution 2024.07.29.06).
const STANDARD: &[&str] = &[
    "localhost",
    "local",
    "home.arpa",
    "resolver.arpa",
    "service.arpa",
    "ipv4only.arpa",
    "internal",
];

/// Names in wide use. The first six are those of RFC 6762 Appendix G and of ICANN's decision not to
/// delegate corp, home and mail (2018.02.04.12). Routers and systems set the others by default (the
/// public root servers get queries for all of them all the time). None is a top-level domain.
const WIDE_USE: &[&str] = &[
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "mail",
    "localdomain",
    "localdomain4",
    "localdomain6",
    "localnet",
    "intra",
    "priv",
    "loc",
    "domain",
    "workgroup",
    "dhcp",
    "router",
    "gateway",
    "modem",
    "hotspot",
    "wlan",
    "wifi",
    "wifi-next",
    "setup",
    "easybox",
    "station",
    "repeater",
    "powerline",
    "openwrt",
    "belkin",
    "dlink",
    "dlinkrouter",
    "cpe",
    // Containers and virtual machines on this computer (LXD, Incus, Multipass, dnsdock), and the
    // services of a company's own network (Consul).
    "lxd",
    "incus",
    "multipass",
    "docker",
    "consul",
];

/// Pages of routers and other devices at home, as their makers print them on the device or in its
/// manual (AVM, Vodafone, O2, Telekom, congstar, Sunrise, KPN, Free, Bouygues, Swisscom, Starlink,
/// Netgear, TP-Link, Mercury, Mercusys, Fast, Tenda, Totolink, Netis, Linksys, ASUS, Synology,
/// Ubiquiti, NEC, Xiaomi, Zyxel, Keenetic, Netcraze, GL.iNet, Huawei, Firewalla, Jio, Pi-hole;
/// uBlock Origin's list `lan-block.txt` has many of them). Several also exist in public, and some
/// of those do not belong to the maker.
const DEVICES: &[&str] = &[
    "fritz.box",
    "myfritz.box",
    "fritz.nas",
    "easy.box",
    "alice.box",
    "vodafone.box",
    "vodafone.connect",
    "kabel.box",
    "giga.cube",
    "o2.box",
    "o2.spot",
    "speedport.ip",
    "congstar.box",
    "mafreebox.freebox.fr",
    "mabbox.bytel.fr",
    "internetbox.swisscom.ch",
    "connect.box",
    "sunrise.box",
    "mijnmodem.kpn",
    "dishy.starlink.com",
    "router.starlink.com",
    "routerlogin.net",
    "routerlogin.com",
    "orbilogin.net",
    "orbilogin.com",
    "mywifiext.net",
    "tplinkwifi.net",
    "tplinklogin.net",
    "tplinkmodem.net",
    "tplinkrepeater.net",
    "tplinkextender.net",
    "tplinkap.net",
    "tplinkdeco.net",
    "tplinkmifi.net",
    "tplinkeap.net",
    "tplinkplclogin.net",
    "tplogin.cn",
    "melogin.cn",
    "mwlogin.net",
    "falogin.cn",
    "tendawifi.com",
    "itotolink.net",
    "netis.cc",
    "linksyssmartwifi.com",
    "router.asus.com",
    "repeater.asus.com",
    "asusrouter.com",
    "asusnetwork.net",
    "router.synology.com",
    "setup.ubnt.com",
    "aterm.me",
    "router.miwifi.com",
    "zyxelwifi.com",
    "my.keenetic.net",
    "my.netcraze.net",
    "console.gl-inet.com",
    "hi.link",
    "huaweimobilewifi.com",
    "fire.walla",
    "jiofi.local.html",
    "pi.hole",
];

/// Domains that routers of an access provider, or a computer that shares its connection, hand out
/// to the computers behind them (AT&T, 2Wire, Verizon, Rogers, TIM, Windows). The name of every
/// device at home is below one of them: `laptop.mynetworksettings.com`.
const HANDED_OUT: &[&str] = &[
    "attlocal.net",
    "gateway.2wire.net",
    "mynetworksettings.com",
    "myfiosgateway.com",
    "phub.net.cable.rogers.com",
    "homenet.telecomitalia.it",
    "mshome.net",
];

/// Whether a well-formed name without a final dot belongs to this computer or its network.
pub(super) fn is_local(name: &str) -> bool {
    let mut zones = [STANDARD, WIDE_USE, DEVICES, HANDED_OUT]
        .into_iter()
        .flatten();
    zones.any(|zone| below(name, zone).is_some())
        || reverse_v4(name).is_some_and(|ip| is_internal(IpAddr::V4(ip)))
        || reverse_v6(name).is_some_and(|ip| is_internal(IpAddr::V6(ip)))
}

/// The part of the name before `zone`, without the dot between them; empty for the zone itself.
fn below<'a>(name: &'a str, zone: &str) -> Option<&'a str> {
    let (before, end) = name.split_at_checked(name.len().checked_sub(zone.len())?)?;
    if !end.eq_ignore_ascii_case(zone) {
        return None;
    }
    if before.is_empty() {
        Some(before)
    } else {
        before.strip_suffix('.')
    }
}

/// The first address in a reverse-lookup name (RFC 1035 §3.5). RFC 6303 says that reverse lookups
/// of private networks are answered locally.
fn reverse_v4(name: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let labels = below(name, "in-addr.arpa")?.rsplit('.');
    let known = labels.map_while(|label| label.parse::<u8>().ok());
    let count = fill(&mut octets, known);
    (count > 0).then(|| octets.into())
}

/// The same for IPv6 (RFC 3596 §2.5): one hexadecimal digit per label.
fn reverse_v6(name: &str) -> Option<Ipv6Addr> {
    let mut digits = [0; 32];
    let labels = below(name, "ip6.arpa")?.rsplit('.');
    let known = labels.map_while(|label| {
        let digit = label.len() == 1;
        digit.then(|| u8::from_str_radix(label, 16).ok()).flatten()
    });
    let count = fill(&mut digits, known);
    let bits = digits
        .iter()
        .fold(0_u128, |bits, &digit| (bits << 4) | u128::from(digit));
    (count > 0).then(|| Ipv6Addr::from_bits(bits))
}

/// Stores values into the places. Returns how many values were stored.
fn fill(places: &mut [u8], values: impl Iterator<Item = u8>) -> usize {
    let mut count = 0;
    for (place, value) in places.iter_mut().zip(values) {
        *place = value;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &str, local: bool) {
        for row in rows.split_whitespace() {
            assert_eq!(is_local(row), local, "{row}");
        }
    }

    #[test]
    fn names_of_home_networks_are_local_with_all_below_them_in_any_case() {
        for zone in [STANDARD, WIDE_USE, DEVICES, HANDED_OUT].concat() {
            check(zone, true);
            check(&format!("a.b-c.{zone} A.{}", zone.to_uppercase()), true);
            check(&format!("not{zone} {zone}.example"), false);
        }
    }

    #[test]
    fn public_names_that_look_alike_are_public() {
        check(
            "box www.box fritz.example homes.example lan.example lancaster.example \
             mail.example.com \
             landing.page my.home.page domains asus.com www.asus.com freebox.fr netgear.com arpa \
             in-addr.arpa ip6.arpa a.link hi.links \
             synology.com www.synology.com ubnt.com swisscom.ch bytel.fr a.station.example \
             testing.example starlink.com www.starlink.com keenetic.net help.keenetic.net \
             gl-inet.com 2wire.net rogers.com telecomitalia.it kpn.com",
            false,
        );
    }

    #[test]
    fn reverse_zones_of_private_addresses_are_local_and_public_ones_are_not() {
        check(
            "10.in-addr.arpa 1.0.0.10.in-addr.arpa 16.172.in-addr.arpa 5.31.172.in-addr.arpa \
             168.192.in-addr.arpa 1.1.168.192.IN-ADDR.ARPA 254.169.in-addr.arpa \
             1.0.0.127.in-addr.arpa \
             64.100.in-addr.arpa 127.100.in-addr.arpa 0.in-addr.arpa 255.255.255.255.in-addr.arpa \
             b._dns-sd._udp.0.1.168.192.in-addr.arpa lb._dns-sd._udp.0.0.10.in-addr.arpa",
            true,
        );
        check(
            "8.8.8.8.in-addr.arpa 172.in-addr.arpa 32.172.in-addr.arpa 15.172.in-addr.arpa \
             167.192.in-addr.arpa 128.100.in-addr.arpa x.in-addr.arpa 300.in-addr.arpa \
             10.in-addr.arpa.example",
            false,
        );
        check(
            "d.f.ip6.arpa C.F.IP6.ARPA 8.e.f.ip6.arpa b.e.f.ip6.arpa 2.0.f.f.ip6.arpa \
             1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
            true,
        );
        check("2.ip6.arpa 1.0.0.2.ip6.arpa x.ip6.arpa 10.ip6.arpa", false);
    }
}
