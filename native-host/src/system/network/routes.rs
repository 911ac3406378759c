//! Whether this computer has a route into any network.

use std::fs;

/// Whether there is a route that is not loopback's own; `None` where the system does not say.
pub(super) fn exists() -> Option<bool> {
    let v4 = fs::read_to_string("/proc/net/route").ok()?;
    let v6 = fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    Some(leads_out(&v4, &v6))
}

/// proc(5): the device is the first word of a route, in IPv6's table the last. Link-local and
/// multicast routes exist for every device and lead nowhere.
fn leads_out(v4: &str, v6: &str) -> bool {
    let by_v4 = |line: &str| {
        line.split_whitespace()
            .next()
            .is_some_and(|device| device != "lo")
    };
    let by_v6 = |line: &str| {
        let is_local = line.starts_with("fe80") || line.starts_with("ff");
        let device = line.split_whitespace().last();
        !is_local && device.is_some_and(|device| device != "lo")
    };
    v4.lines().skip(1).any(by_v4) || v6.lines().any(by_v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\n";

    #[test]
    fn only_a_route_of_another_device_leads_out() {
        let v6 = |to: &str, device: &str| format!("{to} 00 0000 00 0000 00000400 {device}\n");
        let eth0 = format!("{HEAD}eth0\t00000000\t0101A8C0\t0003\n");
        let lo = format!("{HEAD}lo\t0000007F\t00000000\t0001\n");
        let zero = "0".repeat(32);
        let link = format!("fe80{}", "0".repeat(28));
        assert!(!leads_out("", ""));
        assert!(!leads_out(HEAD, &v6(&zero, "lo")));
        assert!(!leads_out(&lo, &v6(&link, "eth0")));
        assert!(leads_out(&eth0, ""));
        assert!(leads_out(HEAD, &v6(&zero, "eth0")));
    }
}
