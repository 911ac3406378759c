//! What every route may use.

use crate::{
    activity::Activity,
    daemon::{Answered, Daemon},
    expected::Expected,
    limits::Limits,
    page::Page,
    refusal::Refusal,
    token::{Links, Token},
};
use meter_wire::{Request, Status, Success, Traffic, face::FaceCode};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;

/// What the routes share.
pub(crate) struct State {
    pub(crate) daemon: Arc<dyn Daemon>,
    pub(crate) port: u16,
    pub(crate) token: Token,
    pub(crate) links: Links,
    pub(crate) expected: Expected,
    pub(crate) page: Page,
    pub(crate) limits: Limits,
    /// Places for event streams.
    pub(crate) streams: Arc<Semaphore>,
    /// Cancelled when the server ends; event streams would go on for ever.
    pub(crate) stop: CancellationToken,
    asking: Semaphore,
    /// Held for short sections without waiting.
    activity: Mutex<Activity>,
}

impl State {
    pub(crate) fn new(
        daemon: Arc<dyn Daemon>,
        port: u16,
        token: Token,
        page: Page,
        limits: Limits,
    ) -> Self {
        let now = daemon.now();
        Self {
            port,
            token,
            links: Links::new(now),
            expected: Expected::default(),
            page,
            streams: Arc::new(Semaphore::new(limits.streams)),
            stop: CancellationToken::new(),
            asking: Semaphore::new(limits.asking),
            activity: Mutex::new(Activity::new(now)),
            limits,
            daemon,
        }
    }

    /// Asks the daemon, within the bound on what waits for it.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answered, Refusal> {
        let turn = timeout(self.limits.turn, self.asking.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(FaceCode::Busy.into());
        };
        Ok(self.daemon.ask(request).await?)
    }

    pub(crate) async fn status(&self) -> Result<Status, Refusal> {
        match self.ask(Request::Status).await?.success {
            Success::Status(status) => Ok(*status),
            _ => Err(Refusal::unexpected()),
        }
    }

    pub(crate) async fn traffic(&self) -> Result<Traffic, Refusal> {
        match self.ask(Request::Traffic).await?.success {
            Success::Traffic(traffic) => Ok(traffic),
            _ => Err(Refusal::unexpected()),
        }
    }

    /// Reads or changes the activity.
    pub(crate) fn activity<T>(&self, with: impl FnOnce(&mut Activity) -> T) -> T {
        with(&mut self.activity.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
