//! The local end as its user sees it: an address that never changes, and the reason when no data
//! comes through.

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

/// Pauses between the tries to open the same port again. After the last one, another program has
/// it.
const RETRY_PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// A running connection to one Shadowsocks server.
///
/// Address and credentials stay valid as long as this value lives. A program that got them has no
/// other way: while the local end does not run, its connections are refused.
#[derive(Debug)]
pub struct Uplink {
    server: Server,
    credentials: Credentials,
    address: SocketAddr,
    running: watch::Sender<bool>,
    #[cfg(test)]
    fault: tests::InjectedFault,
}

/// The reason why no data comes through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// Our own local end does not run at the moment.
    Down,
    /// The server accepts no connection: it is switched off or the network blocks it.
    Unreachable,
    /// The server accepts connections but passes no data. The usual cause is another method or
    /// password: a server does not answer without the right ones.
    Silent,
}

/// Keeps the local end running. Without it nothing listens.
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
    /// Reads the server's file: an `ss://` URL or a SIP008 document, readable for this user only.
    ///
    /// # Errors
    /// [`UplinkError::File`] or [`UplinkError::Server`].
    pub fn read(path: &Path) -> Result<Server, UplinkError> {
        file::load(path)
    }

    /// Opens a port on 127.0.0.1 that accepts SOCKS5 with credentials and passes TCP to `server`.
    /// Nothing is sent before a client connects. A local end that ended is started again only while
    /// [`Keeper::keep`] is polled.
    ///
    /// # Errors
    /// An error of the system.
    pub async fn start(server: Server) -> Result<(Self, Keeper), UplinkError> {
        let credentials = Credentials::random()?;
        let end = LocalEnd::start(&server, 0, &credentials).await?;
        let uplink = Self {
            server,
            credentials,
            address: end.address(),
            running: watch::Sender::new(true),
            #[cfg(test)]
            fault: tests::InjectedFault::default(),
        };
        let backoff = Backoff::default();
        Ok((uplink, Keeper { end, backoff }))
    }

    /// The address of the local port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The credentials that the local port asks for.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether the local end runs. After two ends soon after their start, it is reported as running
    /// only when it has run for a while.
    #[must_use]
    pub fn running(&self) -> watch::Receiver<bool> {
        self.running.subscribe()
    }

    /// Finds out what is wrong; takes up to 8 s. Sends no data: it connects to the server and
    /// closes the connection.
    pub async fn diagnose(&self) -> Trouble {
        if !*self.running.borrow() {
            Trouble::Down
        } else if is_accepted(self.server.address()).await {
            Trouble::Silent
        } else {
            Trouble::Unreachable
        }
    }

    /// Publishes whether the local end runs. Returns whether that has changed.
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
    /// Restarts the local end whenever it ends, after a pause that grows while the ends come soon
    /// after the start. Returns when its port can no longer be opened.
    ///
    /// # Cancel safety
    /// After dropping the future the local end continues to run, or stays ended until the next
    /// call.
    pub async fn keep(&mut self, uplink: &Uplink) -> UplinkError {
        loop {
            let began = Instant::now();
            if timeout(LIVED, self.end.ended()).await.is_err() {
                Self::runs(uplink);
                self.end.ended().await;
            }
            // The port must be closed before it can be opened again.
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
