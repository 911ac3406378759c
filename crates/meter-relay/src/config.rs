//! The configuration that a relay gets once, before it binds.
//!
//! Tor's address is not part of it: that changes while the relay runs, and comes through a channel.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use meter_owner::Listener;
use tokio::sync::watch;

use crate::{Isolation, Witnesses};

/// Limits and addresses of one relay.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Where to listen: a loopback address; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Connections served at once. Further ones wait in the kernel's queue, unaccepted. 0 counts as
    /// 1.
    pub connections_max: usize,
    /// Limit for the whole handshake, from accept to the last byte of the request. Not a limit per
    /// byte.
    pub handshake_max: Duration,
    /// Limit from the request to Tor's reply. A client that waited this long gets reply 06.
    pub dial_max: Duration,
    /// How long open connections may continue after a stop before they are cut.
    pub drain_max: Duration,
    /// Ports that no client may ask for, on any host: Tor's SOCKS and control ports. The relay's
    /// own port and the port of a TCP upstream are always refused and need not be named here.
    pub refused_ports: Vec<u16>,
    /// Gives every site its own circuits. `None`: Tor is asked without credentials, and all clients
    /// share circuits. `None` is meant for an upstream that is not Tor.
    pub isolation: Option<Isolation>,
    /// The listener that was identified as Tor's, for an upstream that another program could take
    /// over. Before it is asked for a target, the relay makes sure that it has reached this one.
    /// Needs `isolation`, which makes the relay wait for Tor's first answer.
    pub listener: Option<watch::Receiver<Option<Arc<Listener>>>>,
    /// Reports success to clients before Tor has answered, and sends their first bytes directly
    /// after the request. This saves a round trip if Tor passes the bytes on at once; a refusal
    /// becomes a reset.
    pub optimistic: bool,
    /// Serves connections even if the system does not tell their owner. Only for a computer with
    /// a single user: another user's traffic would count as this user's.
    pub serve_unidentified: bool,
    /// The host names that this relay answers itself, to show that requests arrive here.
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
            // Equal to Tor's SocksTimeout.
            dial_max: Duration::from_secs(120),
            // Long enough for a page that is loading, short enough for a person who pressed Stop.
            drain_max: Duration::from_secs(2),
            refused_ports: vec![9050, 9051, 9150, 9151],
            isolation: None,
            listener: None,
            optimistic: false,
            serve_unidentified: false,
            witnesses: Witnesses::default(),
        }
    }
}
