//! Connections to a ledger: on circuits of their own, and never while nothing is asked.

mod problem;

pub(crate) use problem::{failed, failure, problem_of, retry_after_s};

use meter_core::{LedgerKey, TorAddr};
use meter_ledger_client::{Dial, LedgerClient, ON_LOOPBACK_MAX, OVER_TOR_MAX};
use meter_tor::{
    IsolationKey, LedgerAddress, LedgerDialError, LedgerStream, Listener, dial_ledger,
};
use meter_wire::ledger::LedgerInfo;
use std::{io, sync::Arc};
use tokio::sync::watch;

/// The way to ledgers, from any task of the daemon. A clone is another handle to the same way.
#[derive(Clone)]
pub(crate) struct LedgerLink {
    upstream: watch::Receiver<Option<TorAddr>>,
    listener: watch::Receiver<Option<Arc<Listener>>>,
    circuits: IsolationKey,
}

/// The way to one ledger.
pub(crate) struct LedgerDial {
    address: LedgerAddress,
    link: LedgerLink,
}

/// A client of one ledger.
pub(crate) type Client = LedgerClient<LedgerDial>;
/// Why a ledger gave no answer that can be used.
pub(crate) type ClientError = meter_ledger_client::ClientError<LedgerDialError>;

impl LedgerLink {
    /// A way through the Tor at `upstream`, with the listener there. Its circuits are this
    /// process's own: no connection of a browser shares them, and a new daemon has others.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(crate) fn new(
        upstream: watch::Receiver<Option<TorAddr>>,
        listener: watch::Receiver<Option<Arc<Listener>>>,
    ) -> io::Result<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
        let circuits = IsolationKey::new(key);
        Ok(Self {
            upstream,
            listener,
            circuits,
        })
    }

    /// A client of the ledger at `address`. Nothing is opened before it is asked something.
    pub(crate) fn client(&self, address: LedgerAddress) -> Client {
        let exchange_max = match address {
            LedgerAddress::Onion { .. } => OVER_TOR_MAX,
            LedgerAddress::Loopback(_) => ON_LOOPBACK_MAX,
        };
        let host = address.host_header();
        let link = self.clone();
        LedgerClient::new(host, LedgerDial { address, link }, exchange_max)
    }

    /// Whether a ledger at `address` can be dialled now.
    pub(crate) fn is_usable(&self, address: &LedgerAddress) -> bool {
        match address {
            LedgerAddress::Onion { .. } => self.upstream.borrow().is_some(),
            LedgerAddress::Loopback(_) => true,
        }
    }
}

/// Whether a ledger that shows itself so is the one with this key: it lists every key that it had.
pub(crate) fn has_key(info: &LedgerInfo, known: LedgerKey) -> bool {
    let mut earlier = info.keys.iter().map(|entry| entry.key);
    info.key.0 == known.0 || earlier.any(|key| key.0 == known.0)
}

impl Dial for LedgerDial {
    type Stream = LedgerStream;
    type Error = LedgerDialError;

    async fn dial(&self) -> Result<LedgerStream, LedgerDialError> {
        // Tor may have moved since the last connection.
        let socks = self.link.upstream.borrow().clone();
        let listener = self.link.listener.borrow().clone();
        let way = socks.as_ref().map(|socks| (socks, listener.as_deref()));
        dial_ledger(&self.address, way, &self.link.circuits).await
    }
}
