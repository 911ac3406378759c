//! What the relay is told once, before it binds.
//!
//! Where Tor is does not belong here: that changes while running and comes through a channel.

use std::{net::SocketAddr, time::Duration};

use crate::{Isolation, Witnesses};

/// Limits and addresses of one relay.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Where to listen: a loopback address; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Connections served at once. Further ones wait in the kernel's queue, unaccepted.
    /// 0 is taken for 1.
    pub connections_max: usize,
    /// From accept to the last byte of the request, in total: not per byte.
    pub handshake_max: Duration,
    /// From the request to Tor's reply. A client that waited this long gets reply 06.
    pub dial_max: Duration,
    /// How long open connections may go on after a stop before they are cut.
    pub drain_max: Duration,
    /// Ports no client may ask for, on any host: Tor's SOCKS and control ports. The relay's own
    /// port, and the port of a TCP upstream, are refused without being named here.
    pub refused_ports: Vec<u16>,
    /// Gives every site circuits of its own. `None`: Tor is asked without credentials, and all
    /// clients share circuits; for an upstream that is not Tor.
    pub isolation: Option<Isolation>,
    /// Tells clients of success before Tor has answered, and sends their first bytes behind the
    /// request. Saves a round trip where Tor passes them on at once; a refusal becomes a reset.
    pub optimistic: bool,
    /// Serves connections of which the system does not tell whose they are. Only for a computer
    /// that nobody else uses: another user's traffic would pass for this user's.
    pub serve_unidentified: bool,
    /// The names that this relay answers for itself, to show who asks that requests arrive here.
    pub witnesses: Witnesses,
}

impl RelayConfig {
    /// Default limits on the given address, without isolation.
    #[must_use]
    pub fn on(listen: SocketAddr) -> Self {
        Self {
            listen,
            connections_max: 512,
            handshake_max: Duration::from_secs(10),
            // Tor's SocksTimeout.
            dial_max: Duration::from_secs(120),
            // Long enough for a page in flight, short enough for a person who pressed Stop.
            drain_max: Duration::from_secs(2),
            refused_ports: vec![9050, 9051, 9150, 9151],
            isolation: None,
            optimistic: false,
            serve_unidentified: false,
            witnesses: Witnesses::default(),
        }
    }
}
