//! The local end as its user sees it: an address that stays the same, and what is wrong when
//! nothing comes through.

use std::{net::SocketAddr, path::Path, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    Credentials, Server, UplinkError,
    backoff::{Backoff, LIVED},
    dial::is_accepted,
    file,
    local_end::LocalEnd,
};

/// Pauses before the tries to have the same port again; somebody else has it after that.
const RETRY_PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// A running way to one Shadowsocks server.
///
/// The address and the credentials hold as long as this does. Whoever was told of them goes nowhere
/// else: while the local end is gone, connections to it are refused.
#[derive(Debug)]
pub struct Uplink {
    server: Server,
    credentials: Credentials,
    address: SocketAddr,
    running: watch::Sender<bool>,
    #[cfg(test)]
    fault: tests::Fault,
}

/// What is wrong when nothing comes through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// Our own local end is not there just now.
    Down,
    /// The server accepts no connection: it is off, or the network does not let it be reached.
    Unreachable,
    /// The server accepts connections, so what does not pass is what is in them: another method or
    /// password is what makes a server do that, because it answers to nobody without them.
    Silent,
}

/// Keeps the local end; without it nothing listens.
pub struct Keeper {
    end: LocalEnd,
    backoff: Backoff,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keeper")
    }
}

impl Uplink {
    /// Reads the server's file: an `ss://` URL or a SIP008 document, ours alone.
    ///
    /// # Errors
    /// [`UplinkError::File`] or [`UplinkError::Server`].
    pub fn read(path: &Path) -> Result<Server, UplinkError> {
        file::load(path)
    }

    /// Opens a port on 127.0.0.1 that takes SOCKS5 with credentials and passes TCP on to `server`.
    /// Nothing is sent before somebody connects. [`Keeper::keep`] has to be polled for a local end
    /// that ended to come back.
    ///
    /// # Errors
    /// The system's.
    pub async fn start(server: Server) -> Result<(Self, Keeper), UplinkError> {
        let credentials = Credentials::random()?;
        let end = LocalEnd::start(&server, 0, &credentials).await?;
        let uplink = Self {
            server,
            credentials,
            address: end.address(),
            running: watch::Sender::new(true),
            #[cfg(test)]
            fault: tests::Fault::default(),
        };
        let backoff = Backoff::default();
        Ok((uplink, Keeper { end, backoff }))
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it asks for.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether the local end runs. One that has ended soon after its start twice in a row is said
    /// to run again only when it has lived for a while.
    #[must_use]
    pub fn running(&self) -> watch::Receiver<bool> {
        self.running.subscribe()
    }

    /// Finds out what is wrong; takes up to 8 s. Sends nothing: it connects to the server and hangs
    /// up.
    pub async fn diagnose(&self) -> Trouble {
        if !*self.running.borrow() {
            Trouble::Down
        } else if is_accepted(self.server.address()).await {
            Trouble::Silent
        } else {
            Trouble::Unreachable
        }
    }

    /// Says whether the local end runs, and gives whether that is new.
    fn say(&self, runs: bool) -> bool {
        let differs = |said: &mut bool| std::mem::replace(said, runs) != runs;
        self.running.send_if_modified(differs)
    }

    async fn again(&self) -> Result<LocalEnd, UplinkError> {
        let mut outcome = Err(UplinkError::Ended);
        for pause in RETRY_PAUSES {
            sleep(pause).await;
            outcome = LocalEnd::start(&self.server, self.address.port(), &self.credentials).await;
            if outcome.is_ok() {
                break;
            }
        }
        #[cfg(test)]
        if let Ok(end) = &outcome {
            self.fault.started(end).await;
        }
        outcome
    }
}

impl Keeper {
    /// Brings the local end back whenever it ends, after a pause that grows while each ends soon
    /// after its start. Returns when its port cannot be had any more.
    ///
    /// # Cancel safety
    /// Dropping it leaves the local end as it is: running, or gone until this is called again.
    pub async fn keep(&mut self, uplink: &Uplink) -> UplinkError {
        loop {
            let began = Instant::now();
            if timeout(LIVED, self.end.ended()).await.is_err() {
                Self::runs(uplink);
                self.end.ended().await;
            }
            // Its port has to be closed before it can be had again.
            let reason = self.end.join();
            let pause = self.backoff.ended(began.elapsed());
            if uplink.say(false) {
                tracing::warn!(
                    reason,
                    "the local end of Shadowsocks ended; it is started again"
                );
            }
            tracing::debug!(reason, ?pause, "the local end is started after a pause");
            sleep(pause).await;
            match uplink.again().await {
                Ok(end) => self.end = end,
                Err(error) => return error,
            }
            if !self.backoff.is_doubtful() {
                Self::runs(uplink);
            }
        }
    }

    fn runs(uplink: &Uplink) {
        if uplink.say(true) {
            tracing::info!("the local end of Shadowsocks runs again");
        }
    }
}

#[cfg(test)]
mod tests;
