//! Shared parts of the usual and the optimistic way to an open stream: the client with its request,
//! and the counting of Tor's answer.

use std::sync::Arc;

use meter_core::TorAddr;
use meter_owner::Listener;
use tokio::net::TcpStream;

use crate::{
    counters::OpenConnection,
    dial::{Answer, DialError},
    slot::Shared,
};

/// Where Tor is, and how to know that it is Tor still.
pub(super) struct Upstream {
    address: TorAddr,
    listener: Option<Arc<Listener>>,
}

impl Upstream {
    /// The Tor at `address`. Its listener is published before its address, so the address must have
    /// been read before.
    pub(super) fn at(address: TorAddr, shared: &Shared) -> Self {
        let listener = shared.config.listener.as_ref();
        let listener = listener.and_then(|listener| listener.borrow().clone());
        Self { address, listener }
    }

    pub(super) const fn address(&self) -> &TorAddr {
        &self.address
    }

    pub(super) fn listener(&self) -> Option<&Listener> {
        self.listener.as_deref()
    }
}

/// A client that has made its request.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    /// Payload that arrived together with the request.
    pub(super) early: Box<[u8]>,
}

/// Counts Tor's answer, or the reason why it did not come.
pub(super) fn count_answer(answer: &Result<Answer, DialError>, connection: &OpenConnection) {
    match answer {
        Ok(Answer::Refused(response)) => connection.unreached(response.reply.as_u8()),
        // Tor gives up at about the same time. Which of the two limits comes first is chance, so
        // this counts as Tor's own reply.
        Err(error @ DialError::Unanswered) => connection.unreached(error.reply().as_u8()),
        Ok(Answer::Open(..)) => connection.reached(),
        Err(DialError::Unreachable(_) | DialError::Protocol(_) | DialError::Replaced) => {
            connection.broken();
        }
        Err(DialError::NotLoopback | DialError::Client(_)) => {}
    }
}
