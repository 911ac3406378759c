//! A connection that gets notices.

use super::{
    connection::{Connection, ended, gone},
    reach,
    silence::{Patience, until_silent},
};
use crate::home::Home;
use futures_util::StreamExt as _;
use meter_wire::{FromDaemon, Notice, Problem, Status, parse_from_daemon};

impl Connection {
    /// Connects to a running daemon and subscribes to notices; `None` if none runs.
    ///
    /// # Errors
    /// The errors of [`Self::attach`].
    pub(crate) async fn attach_for_notices(home: &Home) -> Result<Option<Self>, Problem> {
        let greet = async |stream| Self::introduce(home, stream, true).await;
        reach::settle(home, reach::PATIENCE, greet).await
    }

    /// Waits for the next status as long as the daemon answers others: one that hangs keeps its
    /// connections open and sends nothing. Dropped and called again, it begins to check anew.
    ///
    /// # Errors
    /// Why the daemon does not answer, or `daemon_unreachable` when it ends.
    pub(crate) async fn next_status_unless_silent(&mut self) -> Result<Status, Problem> {
        let home = self.home.clone();
        tokio::select! {
            status = self.next_status() => status,
            problem = until_silent(&home, Patience::Command) => Err(problem),
        }
    }

    /// Waits for the next status. Cancel safe.
    ///
    /// # Errors
    /// `daemon_unreachable` when the daemon ends.
    pub(crate) async fn next_status(&mut self) -> Result<Status, Problem> {
        loop {
            if let Notice::Status(status) = self.next_notice().await? {
                return Ok(*status);
            }
        }
    }

    /// Waits for the next notice. Cancel safe.
    ///
    /// # Errors
    /// `daemon_unreachable` when the daemon ends.
    pub(crate) async fn next_notice(&mut self) -> Result<Notice, Problem> {
        while let Some(frame) = self.reader.next().await {
            let frame = frame.map_err(|error| gone(&error.to_string()))?;
            if let FromDaemon::Notice(notice) = parse_from_daemon(&frame)? {
                return Ok(notice);
            }
        }
        Err(ended())
    }
}
