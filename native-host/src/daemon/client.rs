//! One attached client: its requests in order, its notices as they come.

use super::budget::Budget;
use crate::{
    clock::Clock,
    engine::{Command, EngineHandle},
    ipc,
};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_core::Thresholds;
use meter_wire::{
    Bootstrap, ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Hello, Notice, Outcome,
    ParseError, Problem, ProtocolRange, Reply, Request, Status, Success, TorState, WireReport,
    parse_request, write_message,
};
use std::io;
use tokio::{
    net::{UnixStream, unix::OwnedWriteHalf},
    sync::{broadcast, watch},
};
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
    sync::CancellationToken,
};
use tracing::debug;

/// Serves until the client leaves, breaks a frame, or `stop`.
///
/// A client that does not read holds up itself only: of statuses it will get the latest, and of
/// closed sessions it can ask for what it missed.
pub(super) async fn serve(stream: UnixStream, engine: EngineHandle, stop: CancellationToken) {
    let (reader, writer) = stream.into_split();
    let mut reader = FramedRead::new(reader, ipc::codec(FRAME_IN_MAX));
    let clock = Clock::new();
    let mut client = Client {
        writer: FramedWrite::new(writer, ipc::codec(FRAME_OUT_MAX)),
        status: engine.status(),
        closed: engine.closed_sessions(),
        budget: Budget::new(0),
        greeted: None,
        bootstrap: None,
        engine,
    };
    loop {
        let outcome = tokio::select! {
            () = stop.cancelled() => break,
            frame = reader.next() => match frame {
                Some(Ok(frame)) => client.answer(&frame, clock.monotonic().get()).await,
                Some(Err(_)) | None => break,
            },
            notice = client.next_notice() => client.notify(notice).await,
        };
        if outcome.is_err() {
            break;
        }
    }
    debug!("client left");
}

struct Client {
    engine: EngineHandle,
    writer: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    status: watch::Receiver<Status>,
    closed: broadcast::Receiver<WireReport>,
    budget: Budget,
    /// Set by `hello`: whether notices are wanted.
    greeted: Option<bool>,
    /// The last bootstrap step that was sent.
    bootstrap: Option<Bootstrap>,
}

enum Event {
    Status,
    Closed(Box<WireReport>),
}

impl Client {
    async fn answer(&mut self, frame: &[u8], now_ms: u64) -> io::Result<()> {
        // Garbage costs as much as a request.
        let allowed = self.budget.take(now_ms);
        let (id, outcome) = match parse_request(frame) {
            Err(ParseError { id, .. }) if !allowed => (id, Err(Problem::new(ErrorCode::Busy))),
            Err(ParseError { id, problem }) => (id, Err(problem)),
            Ok(envelope) if !allowed => (Some(envelope.id), Err(Problem::new(ErrorCode::Busy))),
            Ok(envelope) => (Some(envelope.id), self.obey(envelope.request).await),
        };
        let outcome = match outcome {
            Ok(success) => Outcome::Ok(success),
            Err(problem) => Outcome::Error(problem),
        };
        self.send(&FromDaemon::Reply(Reply { id, outcome })).await
    }

    async fn obey(&mut self, request: Request) -> Result<Success, Problem> {
        if self.greeted.is_none() && !matches!(request, Request::Hello(_)) {
            return Err(Problem::new(ErrorCode::HelloFirst));
        }
        let done = |()| Success::Done;
        match request {
            Request::Hello(hello) => self.greet(&hello).await,
            // Asked for, not read from the notices: it shows what this client did just before.
            Request::Status => {
                let status = self.engine.ask(Command::Status).await?;
                Ok(Success::Status(Box::new(status)))
            }
            Request::Reports(query) => {
                let (after, limit) = (query.after.0, query.limit);
                let ask = |answer| Command::Reports {
                    after,
                    limit,
                    answer,
                };
                self.engine.ask(ask).await.map(Success::Reports)
            }
            Request::TorStart => {
                let seen = self.engine.status().borrow().tor.clone();
                self.engine.tor().start(&seen).await.map(done)
            }
            Request::TorStop => self.engine.tor().stop().await.map(done),
            Request::TorUse(wish) => self.engine.tor().choose(wish.backend).await.map(done),
            Request::MonitorStart => self.engine.ask(Command::MonitorStart).await.map(done),
            Request::MonitorStop => self.engine.ask(Command::MonitorStop).await.map(done),
            Request::SetThresholds(message) => {
                let thresholds = Thresholds::try_from(message).map_err(|error| {
                    Problem::with_detail(ErrorCode::BadThresholds, error.to_string())
                })?;
                let ask = |answer| Command::SetThresholds(thresholds, answer);
                self.engine.ask(ask).await.map(done)
            }
            Request::NewIdentity => self.engine.ask(Command::NewIdentity).await.map(done),
            Request::Ping => Ok(Success::Done),
        }
    }

    async fn greet(&mut self, hello: &Hello) -> Result<Success, Problem> {
        let ours = ProtocolRange::OURS;
        let Some(protocol) = ours.common(hello.protocol) else {
            let detail = format!("this daemon speaks {} to {}", ours.min, ours.max);
            return Err(Problem::with_detail(ErrorCode::UnsupportedProtocol, detail));
        };
        let mut reply = self.engine.ask(Command::Hello).await?;
        reply.protocol = protocol;
        self.greeted = Some(hello.notices);
        Ok(Success::Hello(reply))
    }

    /// Waits for something to tell; for ever while no notices are wanted. Cancel safe.
    async fn next_notice(&mut self) -> Event {
        if self.greeted != Some(true) {
            return std::future::pending().await;
        }
        tokio::select! {
            Ok(()) = self.status.changed() => Event::Status,
            report = self.closed.recv() => match report {
                Ok(report) => Event::Closed(Box::new(report)),
                // The status holds the number of reports, by which the client sees what it missed.
                Err(broadcast::error::RecvError::Lagged(_)) => Event::Status,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            },
        }
    }

    async fn notify(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Closed(report) => {
                self.send(&FromDaemon::Notice(Notice::SessionClosed { report }))
                    .await
            }
            Event::Status => {
                let status = self.status.borrow_and_update().clone();
                self.notify_bootstrap(&status).await?;
                self.send(&FromDaemon::Notice(Notice::Status(Box::new(status))))
                    .await
            }
        }
    }

    async fn notify_bootstrap(&mut self, status: &Status) -> io::Result<()> {
        let TorState::Bootstrapping {
            percent,
            tag,
            summary,
            ..
        } = &status.tor.state
        else {
            self.bootstrap = None;
            return Ok(());
        };
        let step = Bootstrap {
            percent: *percent,
            tag: tag.clone(),
            summary: summary.clone(),
        };
        if self.bootstrap.as_ref() == Some(&step) {
            return Ok(());
        }
        self.bootstrap = Some(step.clone());
        self.send(&FromDaemon::Notice(Notice::Bootstrap(step)))
            .await
    }

    async fn send(&mut self, message: &FromDaemon) -> io::Result<()> {
        self.writer.send(Bytes::from(write_message(message))).await
    }
}
