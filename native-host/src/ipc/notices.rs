//! A connection that is told of changes.

use super::{
    connection::{Connection, gone},
    reach,
};
use crate::home::Home;
use futures_util::StreamExt as _;
use meter_wire::{FromDaemon, Notice, Problem, Status, parse_from_daemon};

impl Connection {
    /// Attaches to a running daemon that tells of changes; `None` when there is none.
    ///
    /// # Errors
    /// As [`Self::attach`].
    pub(crate) async fn attach_for_notices(home: &Home) -> Result<Option<Self>, Problem> {
        let greet = async |stream| Self::introduce(home, stream, true).await;
        reach::settle(home, reach::PATIENCE, greet).await
    }

    /// Waits for the next state of everything. Cancel safe.
    ///
    /// # Errors
    /// `daemon_unreachable` when the daemon ends.
    pub(crate) async fn next_status(&mut self) -> Result<Status, Problem> {
        while let Some(frame) = self.reader.next().await {
            let frame = frame.map_err(|error| gone(&error.to_string()))?;
            if let FromDaemon::Notice(Notice::Status(status)) = parse_from_daemon(&frame)? {
                return Ok(*status);
            }
        }
        Err(gone("it closed the connection"))
    }
}
