//! IP addresses that belong to this machine or to its networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address does not belong to the public internet (S-19, S-20).
///
/// Addresses that are reserved for documentation are not in the list, since they lead nowhere.
pub(super) fn is_internal(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_internal_v4(ip),
        IpAddr::V6(ip) => is_internal_v6(ip),
    }
}

fn is_internal_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    first == 0 // "this network", RFC 791: many systems take it for loopback
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || (first == 100 && (64..128).contains(&second)) // carrier-grade NAT, RFC 6598
        || (first, second, third) == (192, 0, 0) // a provider's own, RFC 6890 and RFC 7335
        || (first == 198 && (18..20).contains(&second)) // RFC 2544; what local proxies make up
        || first >= 224 // multicast, reserved, broadcast
}

fn is_internal_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    match segments {
        // NAT64, RFC 6052: contains an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_internal_v4(joined(high, low)),
        // 6to4, RFC 3056: contains an IPv4 address, too.
        [0x2002, high, low, ..] => is_internal_v4(joined(high, low)),
        // Teredo, RFC 4380 §4: contains the address of a server, and that of a client with all its
        // bits turned round. Without a server it is only the beginning of a reverse zone.
        [0x2001, 0, high, low, _, _, client_high, client_low] if (high, low) != (0, 0) => {
            is_internal_v4(joined(high, low)) || is_internal_v4(joined(!client_high, !client_low))
        }
        // The rest of ::/8, RFC 4291: unspecified, loopback, IPv4-compatible, IPv4-mapped,
        // IPv4-translated, NAT64 for local use. None of them is a public address.
        [0..=0x00ff, ..] => true,
        [first, ..] => {
            ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
                || (first & 0xffc0) == 0xfec0 // site-local, deprecated by RFC 3879
        }
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &str, internal: bool) {
        for row in rows.split_whitespace() {
            assert_eq!(is_internal(row.parse().expect(row)), internal, "{row}");
        }
    }

    #[test]
    fn internal_v4_addresses_are_known_up_to_their_edges() {
        check(
            "0.0.0.0 0.0.0.1 0.255.255.255 127.0.0.0 127.0.0.1 127.255.255.255",
            true,
        );
        check(
            "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255",
            true,
        );
        check(
            "169.254.0.0 169.254.169.254 169.254.255.255 100.64.0.0 100.127.255.255",
            true,
        );
        check(
            "192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.255 198.18.0.0 198.19.255.255",
            true,
        );
        check(
            "224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255",
            true,
        );
    }

    #[test]
    fn public_v4_addresses_just_beside_them_pass() {
        check(
            "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255",
            false,
        );
        check(
            "128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0",
            false,
        );
        check("192.0.1.0 191.255.255.255 198.17.255.255 198.20.0.0", false);
        check("192.167.255.255 192.169.0.0 223.255.255.255 8.8.8.8", false);
    }

    #[test]
    fn internal_v6_addresses_are_known_up_to_their_edges() {
        check(
            ":: ::1 ::2 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1",
            true,
        );
        check(
            "fc00:: fd00::1 fdff:ffff::1 fe80:: fe80::1 febf::1 fec0:: feff::1",
            true,
        );
        check(
            "ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 64:ff9b:1::1",
            true,
        );
        check(
            "64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 2002:7f00:1:: 2002:c0a8:101::5 ff::1",
            true,
        );
        check(
            "2001:0:4136:e378:8000:63bf:f5ff:fffe 2001:0:7f00:1:0:0:f7f7:f7f7",
            true,
        );
    }

    #[test]
    fn public_v6_addresses_pass() {
        check(
            "2000:: 2001:4860:4860::8888 2606:4700::1111 64:ff9b::8.8.8.8 2002:808:808::1",
            false,
        );
        check("fbff:ffff::1 fe7f::1 100::1", false);
        check(
            "2001:0:4136:e378:8000:63bf:f7f7:f7f7 2001:1:a00:1::1",
            false,
        );
    }
}
