//! A client for Tor's control port: one connection, one command at a time, events in between.
//!
//! It does not decide whether a Tor can be used, and stores nothing except the status.

mod circuit;
mod command;
mod cookie;
mod event;
mod handshake;
mod keyword;
mod line;
mod safecookie;

use std::{collections::VecDeque, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use self::line::{ProtocolError, Reply, ReplyAssembler};
use crate::{ControlRefusal, TorProblem, dial::Io};

pub(crate) use self::{
    circuit::circuit_of,
    command::Command,
    cookie::CookieRule,
    event::{Event, Phase, bootstrap_phase, socks_listeners},
    handshake::{Authenticated, authenticate},
};

/// A local Tor answers within milliseconds; while it is busy with its directory, within a second.
const REPLY_MAX: Duration = Duration::from_secs(10);
/// Most events that wait while a command is answered. Tor sends a few tens at most.
const EVENTS_MAX: usize = 1024;
const READ_BYTES: usize = 8 * 1024;

/// A control connection.
pub(crate) struct Control {
    io: Box<dyn Io>,
    assembler: ReplyAssembler,
    /// Complete replies that were not read yet.
    replies: VecDeque<Reply>,
    /// Events that came during the wait for a reply.
    events: VecDeque<Event>,
}

/// Reasons why a control connection ended or must end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ControlError {
    /// The connection was closed or reset, or Tor was silent for too long.
    Lost,
    /// The control port must not be used.
    Refused(ControlRefusal),
}

impl From<ControlError> for TorProblem {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Lost => Self::ControlLost,
            ControlError::Refused(refusal) => Self::ControlRefused(refusal),
        }
    }
}

impl From<ProtocolError> for ControlError {
    fn from(error: ProtocolError) -> Self {
        tracing::debug!(%error, "control port broke the protocol");
        Self::Refused(ControlRefusal::Malformed)
    }
}

impl Control {
    pub(crate) fn new(io: Box<dyn Io>) -> Self {
        Self {
            io,
            assembler: ReplyAssembler::default(),
            replies: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Sends a command and returns its reply, success or error. Not cancel safe: drop the
    /// connection.
    pub(crate) async fn ask(&mut self, command: Command) -> Result<Reply, ControlError> {
        match timeout(REPLY_MAX, self.exchange(command)).await {
            Ok(reply) => reply,
            Err(_) => Err(ControlError::Lost),
        }
    }

    /// Sends a command that a Tor has no reason to refuse after authentication.
    pub(crate) async fn demand(&mut self, command: Command) -> Result<Reply, ControlError> {
        let reply = self.ask(command).await?;
        if !reply.is_ok() {
            tracing::warn!(status = reply.status, "tor refused a command");
            return Err(ControlError::Refused(ControlRefusal::Malformed));
        }
        Ok(reply)
    }

    async fn exchange(&mut self, command: Command) -> Result<Reply, ControlError> {
        let line = command.to_line();
        self.io
            .write_all(line.as_bytes())
            .await
            .map_err(|_| ControlError::Lost)?;
        self.io.flush().await.map_err(|_| ControlError::Lost)?;
        loop {
            match self.replies.pop_front() {
                Some(reply) if reply.is_event() => self.keep_event(&reply)?,
                Some(reply) => return Ok(reply),
                None => self.read_some().await?,
            }
        }
    }

    fn keep_event(&mut self, reply: &Reply) -> Result<(), ControlError> {
        if self.events.len() == EVENTS_MAX {
            return Err(ProtocolError::TooManyEvents.into());
        }
        self.events.push_back(Event::read(reply));
        Ok(())
    }

    /// Returns an event that came while a command was answered.
    pub(crate) fn heard_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Waits for the next event. Returns an error only when the connection ends.
    ///
    /// # Cancel safety
    /// Nothing is lost: bytes read are kept in `self`.
    pub(crate) async fn next_event(&mut self) -> Result<Event, ControlError> {
        loop {
            if let Some(event) = self.heard_event() {
                return Ok(event);
            }
            match self.replies.pop_front() {
                Some(reply) if reply.is_event() => return Ok(Event::read(&reply)),
                Some(_) => return Err(ControlError::Refused(ControlRefusal::Malformed)),
                None => self.read_some().await?,
            }
        }
    }

    async fn read_some(&mut self) -> Result<(), ControlError> {
        let mut bytes = [0; READ_BYTES];
        let length = self
            .io
            .read(&mut bytes)
            .await
            .map_err(|_| ControlError::Lost)?;
        if length == 0 {
            return Err(ControlError::Lost);
        }
        let bytes = bytes
            .get(..length)
            .expect("read returns at most the buffer's length");
        Ok(self.assembler.feed(bytes, &mut self.replies)?)
    }
}
