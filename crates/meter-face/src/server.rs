//! The listener: places for connections, and whose they are.

use crate::{
    connection, daemon::Daemon, guard, limits::Limits, login::IsOurs, page::Page, routes,
    state::State, token::Token,
};
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use meter_owner::{Owner, Owners};
use meter_wire::Notice;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, broadcast::error::RecvError},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Pause after a connection that could not be accepted: out of file descriptors, for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A server that is listening and answers nobody yet.
pub struct Face {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
}

impl Face {
    /// A server on `listener`, which [`listen`](crate::listen) opened.
    ///
    /// # Errors
    /// The system does not tell the listener's address, or it is not one of this computer alone.
    pub fn new(
        listener: TcpListener,
        daemon: Arc<dyn Daemon>,
        token: Token,
        page: Page,
        limits: Limits,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            let why = "other computers could reach that address";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let state = State::new(daemon, address.port(), token, page, limits);
        Ok(Self {
            listener,
            address,
            state: Arc::new(state),
        })
    }

    /// The address at which it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets one page in without a link, soon: the caller starts the browser with the address that
    /// ends in `#` and [`OPEN_PAGE`](crate::OPEN_PAGE).
    pub fn expect_page(&self) {
        self.state.expected.from(self.state.daemon.now());
    }

    /// Answers requests until `stop`, then ends what is open.
    pub async fn serve(self, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.accept(&tasks) => {}
            () = follow(&self.state) => {}
        }
        drop(self.listener);
        self.state.stop.cancel();
        tasks.close();
        // Each connection has a limit of its own; this one is for all together.
        let most = self.state.limits.drain.saturating_mul(2);
        if timeout(most, tasks.wait()).await.is_err() {
            tracing::debug!(left = tasks.len(), "connections are still ending");
        }
    }

    /// Accepts connections for ever.
    async fn accept(&self, tasks: &TaskTracker) {
        let limits = self.state.limits;
        let places = Arc::new(Semaphore::new(limits.connections));
        let router = surrounded(&self.state);
        let owners = Owners::around(self.address).ok();
        loop {
            let Ok((tcp, client)) = self.listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let owner = owners.as_ref().map(|owners| owners.of(client));
            if matches!(owner, Some(Ok(Owner::Other))) {
                tracing::debug!("a connection of another user was closed");
                continue;
            }
            let Ok(place) = places.clone().try_acquire_owned() else {
                continue;
            };
            let is_ours = IsOurs(matches!(owner, Some(Ok(Owner::Us))));
            let (routes, stop) = (router.clone(), self.state.stop.clone());
            let serve = connection::serve(tcp, is_ours, routes, limits, stop);
            tasks.spawn(async move {
                serve.await;
                drop(place);
            });
        }
    }
}

fn surrounded(state: &Arc<State>) -> Router {
    routes::router(state.clone())
        .layer(from_fn_with_state(state.clone(), guard::admitted))
        .layer(from_fn(guard::with_headers))
}

/// Reads the totals at each change of the status, which comes once a second while bytes move.
async fn follow(state: &State) {
    let mut notices = state.daemon.notices();
    loop {
        if let Ok(totals) = state.traffic().await {
            let now = state.daemon.now();
            state.activity(|activity| activity.note(now, &totals));
        }
        loop {
            match notices.recv().await {
                Ok(Notice::Status(_)) | Err(RecvError::Lagged(_)) => break,
                Ok(
                    Notice::Bootstrap(_)
                    | Notice::Problem(_)
                    | Notice::Floor { .. }
                    | Notice::PageOffered,
                ) => {}
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}
