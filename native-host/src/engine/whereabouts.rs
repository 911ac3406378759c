//! Whether this computer is still where it was when Tor made its connections. Read from the system; nothing
//! is sent.
//!
//! A connection that is left over from another network stays open on paper. Tor needs one and a half
//! minutes to try another one, measured, and a system a quarter of an hour to end it.

use crate::clock::Clock;
use nix::ifaddrs::getifaddrs;
use std::{collections::BTreeSet, net::IpAddr};

/// A place and a time to look back at.
pub(super) struct Whereabouts {
    /// Of all network devices.
    addresses: BTreeSet<IpAddr>,
    slept_ms: u64,
}

impl Whereabouts {
    /// As it is at this moment.
    pub(super) fn now() -> Self {
        let devices = getifaddrs().into_iter().flatten();
        Self {
            addresses: devices.filter_map(|device| ip(&device)).collect(),
            slept_ms: Clock::slept_ms(),
        }
    }

    /// Whether what was connected before may be cut off by `now`: an address is gone, and every
    /// connection from it with it; or the machine slept, which routers on the way do not wait for.
    pub(super) fn is_left_by(&self, now: &Self) -> bool {
        let slept = now.slept_ms.saturating_sub(self.slept_ms);
        slept > SLEEP_MS_MIN || !self.addresses.is_subset(&now.addresses)
    }
}

fn ip(device: &nix::ifaddrs::InterfaceAddress) -> Option<IpAddr> {
    let address = device.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    let v6 = || address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()));
    v4.or_else(v6)
}

/// Shorter sleeps cut nothing off.
const SLEEP_MS_MIN: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[&str], slept_ms: u64) -> Whereabouts {
        Whereabouts {
            addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
            slept_ms,
        }
    }

    #[test]
    fn a_place_is_left_with_one_of_its_addresses() {
        let home = at(&["127.0.0.1", "192.168.1.5", "fe80::1"], 0);
        assert!(!home.is_left_by(&at(&["fe80::1", "192.168.1.5", "127.0.0.1"], 0)));
        // A cable beside the wireless network takes nothing away.
        let both = at(&["127.0.0.1", "192.168.1.5", "fe80::1", "10.0.0.2"], 0);
        assert!(!home.is_left_by(&both));
        assert!(both.is_left_by(&home));
        assert!(home.is_left_by(&at(&["127.0.0.1", "172.16.0.9", "fe80::1"], 0)));
        assert!(home.is_left_by(&at(&["127.0.0.1"], 0)));
    }

    #[test]
    fn a_place_is_left_by_sleeping() {
        let before = at(&["127.0.0.1"], 7_000);
        assert!(!before.is_left_by(&at(&["127.0.0.1"], 8_000)));
        assert!(before.is_left_by(&at(&["127.0.0.1"], 7_000 + SLEEP_MS_MIN + 1)));
    }

    #[test]
    fn the_system_tells_loopback_at_least() {
        let now = Whereabouts::now();
        assert!(now.addresses.contains(&IpAddr::from([127, 0, 0, 1])));
    }
}
