//! What the system knows about networks. Only reads; sends nothing.

mod routes;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use std::{collections::BTreeSet, net::IpAddr};

/// Queries about this computer's networks.
pub(crate) trait Network {
    /// The addresses of all network devices.
    fn addresses(&self) -> BTreeSet<IpAddr>;

    /// Whether there is a route into any network; `None` if the system does not tell.
    fn has_way_out(&self) -> Option<bool>;
}

/// The networks of this computer.
pub(crate) struct SystemNetwork;

impl Network for SystemNetwork {
    fn addresses(&self) -> BTreeSet<IpAddr> {
        let devices = getifaddrs().into_iter().flatten();
        devices.filter_map(|device| ip(&device)).collect()
    }

    fn has_way_out(&self) -> Option<bool> {
        routes::exists()
    }
}

fn ip(device: &InterfaceAddress) -> Option<IpAddr> {
    let address = device.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    let v6 = || address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()));
    v4.or_else(v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_loopback_at_least() {
        let addresses = SystemNetwork.addresses();
        assert!(addresses.contains(&IpAddr::from([127, 0, 0, 1])));
    }
}
