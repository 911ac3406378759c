//! Shared parts of the usual and the optimistic way to an open stream: the client with its request,
//! and the counting of Tor's answer.

use tokio::net::TcpStream;

use crate::{
    counters::OpenConnection,
    dial::{Answer, DialError},
};

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
        Err(_) => {}
    }
}
