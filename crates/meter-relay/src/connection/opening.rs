//! What both ways to an open stream have in common: the client that asked, and how Tor's answer is
//! counted.

use tokio::net::TcpStream;

use crate::{
    counters::OpenConnection,
    dial::{Answer, DialError},
};

/// A client that has made its request.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    /// Payload that came in one piece with the request.
    pub(super) early: Box<[u8]>,
}

/// For whoever asks whether Tor answers, and why not.
pub(super) fn count_answer(answer: &Result<Answer, DialError>, connection: &OpenConnection) {
    match answer {
        Ok(Answer::Refused(response)) => connection.unreached(response.reply.as_u8()),
        // Tor says the same to itself at about that time; who is first is chance.
        Err(error @ DialError::Unanswered) => connection.unreached(error.reply().as_u8()),
        Ok(Answer::Open(..)) => connection.reached(),
        Err(_) => {}
    }
}
