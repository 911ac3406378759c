//! One connected client: its frames and their limits. The API handles their meaning.

use super::budget::Budget;
use crate::{
    api::Api,
    ipc,
    system::{
        clock::Clock,
        local_socket::{Stream, WriteHalf},
    },
};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{
    ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Outcome, ParseError, Problem, Reply,
    parse_request, write_message,
};
use std::{io, time::Duration};
use tokio::time;
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
    sync::CancellationToken,
};
use tracing::{debug, error};

/// Longest wait for a client's hello.
const HELLO_MAX: Duration = Duration::from_secs(5);
/// How long a client may leave its messages unread before it is disconnected and loses its place.
const UNREAD_MAX: Duration = Duration::from_secs(60);

/// Serves until the client leaves, sends a broken frame, does not say hello in time, or `stop`.
///
/// A client that does not read delays only itself.
pub(super) async fn serve(stream: Stream, api: Api, stop: CancellationToken) {
    let (reader, writer) = stream.into_split();
    let mut reader = FramedRead::new(reader, ipc::codec(FRAME_IN_MAX));
    let clock = Clock::new();
    let evicted = api.evicted();
    let mut client = Client {
        writer: FramedWrite::new(writer, ipc::codec(FRAME_OUT_MAX)),
        budget: Budget::new(0),
        api,
    };
    let hello_due = time::sleep(HELLO_MAX);
    tokio::pin!(hello_due);
    loop {
        let outcome = tokio::select! {
            () = stop.cancelled() => {
                client.send_rest().await;
                break;
            }
            () = evicted.cancelled() => break,
            () = &mut hello_due, if !client.api.has_greeted() => break,
            frame = reader.next() => match frame {
                Some(Ok(frame)) => client.answer(&frame, clock.monotonic().get()).await,
                Some(Err(_)) | None => break,
            },
            messages = client.api.next() => client.send_all(messages).await,
        };
        if outcome.is_err() {
            break;
        }
    }
    debug!("client left");
}

/// The message as bytes. A reply that no client could take becomes the error that says so: one
/// answer that is too long must not end a connection on which all others wait.
fn within_limit(message: &FromDaemon) -> Vec<u8> {
    let bytes = write_message(message);
    match message {
        FromDaemon::Reply(Reply { id, .. }) if bytes.len() > FRAME_OUT_MAX => {
            error!(
                "a reply of {} bytes is more than a message may have",
                bytes.len()
            );
            let problem = Problem::new(ErrorCode::Internal);
            let outcome = Outcome::Error(problem);
            write_message(&FromDaemon::Reply(Reply { id: *id, outcome }))
        }
        _ => bytes,
    }
}

struct Client {
    api: Api,
    writer: FramedWrite<WriteHalf, LengthDelimitedCodec>,
    budget: Budget,
}

impl Client {
    async fn answer(&mut self, frame: &[u8], now_ms: u64) -> io::Result<()> {
        // An invalid frame costs as much as a request.
        let allowed = self.budget.take(now_ms);
        let refused = |id, problem| Reply {
            id,
            outcome: Outcome::Error(problem),
        };
        let busy = Problem::new(ErrorCode::Busy);
        let reply = match parse_request(frame) {
            Err(ParseError { id, .. }) if !allowed => Some(refused(id, busy)),
            Err(ParseError { id, problem }) => Some(refused(id, problem)),
            Ok(envelope) if !allowed => Some(refused(Some(envelope.id), busy)),
            Ok(envelope) => self.api.ask(envelope.id, envelope.request).await,
        };
        match reply {
            Some(reply) => self.send(&FromDaemon::Reply(reply)).await,
            None => Ok(()),
        }
    }

    /// Replies of requests that have begun, and the last status.
    async fn send_rest(&mut self) {
        while let Some(messages) = self.api.rest().await {
            if self.send_all(messages).await.is_err() {
                return;
            }
        }
    }

    async fn send_all(&mut self, messages: Vec<FromDaemon>) -> io::Result<()> {
        for message in &messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: &FromDaemon) -> io::Result<()> {
        let sent = self.writer.send(Bytes::from(within_limit(message)));
        let sent = time::timeout(UNREAD_MAX, sent).await;
        sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::parse_from_daemon;

    #[test]
    fn a_reply_that_is_too_long_becomes_an_error_with_its_id() {
        let reply = |length| {
            let problem = Problem::with_detail(ErrorCode::BadRequest, "x".repeat(length));
            FromDaemon::Reply(Reply {
                id: Some(7),
                outcome: Outcome::Error(problem),
            })
        };
        let short = within_limit(&reply(100));
        assert_eq!(short, write_message(&reply(100)));
        let long = parse_from_daemon(&within_limit(&reply(FRAME_OUT_MAX)));
        let error = Outcome::Error(Problem::new(ErrorCode::Internal));
        let expected = FromDaemon::Reply(Reply {
            id: Some(7),
            outcome: error,
        });
        assert_eq!(long.ok(), Some(expected));
    }
}
