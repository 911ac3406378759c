//! One attached client: its requests begin in order, answers and notices come when they are there.

use super::{
    budget::Budget,
    detached::{Answer, Detached, Place, Task},
    places::Guest,
};
use crate::{
    clock::Clock,
    engine::{Command, EngineHandle},
    ipc, versions,
};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_core::{Thresholds, WitnessName};
use meter_relay::Site;
use meter_wire::{
    Bootstrap, ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Hello, Notice, Outcome,
    ParseError, Problem, ProtocolRange, Reply, ReportsPage, ReportsQuery, Request, SITE_BYTES_MAX,
    SetThresholds, SiteQuery, Status, Success, TorState, TorTrouble, WireReport, Witness,
    WitnessQuery, WitnessSeen, WitnessText, parse_request, write_message,
};
use std::{io, time::Duration};
use tokio::{
    net::{UnixStream, unix::OwnedWriteHalf},
    sync::{broadcast, watch},
    time,
};
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
    sync::CancellationToken,
    task::TaskTracker,
};
use tracing::debug;

/// The name by which the extension introduces itself.
const EXTENSION: &str = "extension";
/// How long a client may wait with its hello.
const HELLO_MAX: Duration = Duration::from_secs(5);
/// How long one may leave what it is told unread before it is cut off and its place is free.
const UNREAD_MAX: Duration = Duration::from_secs(60);

/// Serves until the client leaves, breaks a frame, does not say hello in time, or `stop`.
///
/// A client that does not read holds up itself only: of statuses it will get the latest, and of
/// closed sessions it can ask for what it missed.
pub(super) async fn serve(
    stream: UnixStream,
    engine: EngineHandle,
    guest: Guest,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
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
        guest,
        detached: Detached::new(tasks),
        engine,
    };
    let turned_out = client.guest.turned_out();
    let hello_due = time::sleep(HELLO_MAX);
    tokio::pin!(hello_due);
    loop {
        let outcome = tokio::select! {
            () = stop.cancelled() => break,
            () = turned_out.cancelled() => break,
            () = &mut hello_due, if client.greeted.is_none() => break,
            frame = reader.next() => match frame {
                Some(Ok(frame)) => client.answer(&frame, clock.monotonic().get()).await,
                Some(Err(_)) | None => break,
            },
            event = client.next_event() => client.tell(event).await,
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
    guest: Guest,
    detached: Detached,
}

/// What became of a request that was not refused.
enum Obeyed {
    Now(Success),
    /// It has begun, and its answer comes by [`Detached`].
    Later(Place, Task),
}

enum Event {
    Answer(u32, Answer),
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
            Ok(envelope) => match self.obey(envelope.request).await {
                Ok(Obeyed::Now(success)) => (Some(envelope.id), Ok(success)),
                Ok(Obeyed::Later(place, task)) => {
                    self.detached.run(envelope.id, place, task);
                    return Ok(());
                }
                Err(problem) => (Some(envelope.id), Err(problem)),
            },
        };
        self.reply(id, outcome).await
    }

    async fn reply(&mut self, id: Option<u32>, outcome: Answer) -> io::Result<()> {
        let outcome = match outcome {
            Ok(success) => Outcome::Ok(success),
            Err(problem) => Outcome::Error(problem),
        };
        self.send(&FromDaemon::Reply(Reply { id, outcome })).await
    }

    /// Does what is asked for. What may take seconds, because Tor starts or ends, connections end or Tor is
    /// asked, only begins here, in the order of the requests: others and notices go on meanwhile.
    async fn obey(&mut self, request: Request) -> Answer<Obeyed> {
        if self.greeted.is_none() && !matches!(request, Request::Hello(_)) {
            return Err(Problem::new(ErrorCode::HelloFirst));
        }
        let (engine, done) = (&self.engine, |()| Success::Done);
        let tor = engine.tor();
        let success = match request {
            Request::TorStart => {
                let place = self.detached.place()?;
                // Somebody who sees that it is of no use asks for another try.
                let trouble = engine.status().borrow().tor.trouble.clone();
                let start = tor.start(trouble.as_ref().is_some_and(TorTrouble::hinders));
                return Ok(later(place, async move { start.answer().await.map(done) }));
            }
            Request::TorStop => {
                let place = self.detached.place()?;
                let stop = tor.stop();
                return Ok(later(place, async move { stop.answer().await.map(done) }));
            }
            Request::TorUse(wish) => {
                let place = self.detached.place()?;
                let choose = tor.choose(wish.backend);
                return Ok(later(place, async move { choose.answer().await.map(done) }));
            }
            Request::MonitorStop => {
                let place = self.detached.place()?;
                let asked = engine.begin(Command::MonitorStop).await?;
                return Ok(later(place, async move { asked.answer().await.map(done) }));
            }
            Request::Circuit(query) => {
                let (place, engine, site) = (self.detached.place()?, engine.clone(), site(&query)?);
                let ask = async move { Ok(Success::Circuit(engine.circuit(&site).await)) };
                return Ok(later(place, ask));
            }
            Request::Hello(hello) => self.greet(&hello).await?,
            // Asked for, not read from the notices: it shows what this client did just before.
            Request::Status => Success::Status(Box::new(engine.ask(Command::Status).await?)),
            Request::Reports(query) => Success::Reports(self.reports(&query).await?),
            Request::MonitorStart => done(engine.ask(Command::MonitorStart).await?),
            Request::SetThresholds(message) => {
                let thresholds = thresholds(message)?;
                let ask = |answer| Command::SetThresholds(thresholds, answer);
                done(engine.ask(ask).await?)
            }
            Request::NewIdentity => done(engine.ask(Command::NewIdentity).await?),
            Request::NewCircuit(query) => {
                let site = site(&query)?;
                done(
                    engine
                        .ask(|answer| Command::NewCircuit(site, answer))
                        .await?,
                )
            }
            Request::RestoreReports(message) => {
                let ask = |answer| Command::RestoreReports(message.reports, answer);
                done(engine.ask(ask).await?)
            }
            Request::NewChain => done(engine.ask(Command::NewChain).await?),
            Request::Settings => Success::Settings(engine.ask(Command::Settings).await?),
            Request::Witness => Success::Witness(self.witness()?),
            Request::WitnessSeen(query) => Success::WitnessSeen(self.seen(&query)),
            Request::Ping => Success::Done,
        };
        Ok(Obeyed::Now(success))
    }

    async fn reports(&self, query: &ReportsQuery) -> Answer<ReportsPage> {
        let (after, limit) = (query.after.0, query.limit);
        let ask = |answer| Command::Reports {
            after,
            limit,
            answer,
        };
        self.engine.ask(ask).await
    }

    /// A new name for the browser to ask for, which nobody can guess.
    fn witness(&self) -> Result<Witness, Problem> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits)
            .map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))?;
        let name = WitnessName::new(bits);
        self.engine.witnesses().expect(name);
        Ok(Witness {
            name: WitnessText(name),
        })
    }

    fn seen(&self, query: &WitnessQuery) -> WitnessSeen {
        let connections = self.engine.connections_active();
        WitnessSeen {
            arrived: self.engine.witnesses().take(query.name.0),
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
        }
    }

    async fn greet(&mut self, hello: &Hello) -> Result<Success, Problem> {
        let ours = ProtocolRange::OURS;
        let Some(protocol) = ours.common(hello.protocol) else {
            let detail = format!("this daemon speaks {} to {}", ours.min, ours.max);
            return Err(Problem::with_detail(ErrorCode::UnsupportedProtocol, detail));
        };
        if !self.guest.sit(&hello.client.name) {
            return Err(Problem::new(ErrorCode::DaemonFull));
        }
        let mut reply = self.engine.ask(Command::Hello).await?;
        reply.protocol = protocol;
        match hello.client.name.as_str() {
            EXTENSION => self.guest.is_extension(&hello.client.version),
            ipc::COMMANDS => {
                let (extensions, engine) = (self.guest.extensions(), &self.engine);
                reply.parts = versions::parts(extensions, engine.connections_active());
            }
            _ => {}
        }
        self.greeted = Some(hello.notices);
        Ok(Success::Hello(reply))
    }

    /// Waits for something to tell. Cancel safe.
    async fn next_event(&mut self) -> Event {
        let wants_notices = self.greeted == Some(true);
        tokio::select! {
            (id, outcome) = self.detached.next() => Event::Answer(id, outcome),
            Ok(()) = self.status.changed(), if wants_notices => Event::Status,
            report = self.closed.recv(), if wants_notices => match report {
                Ok(report) => Event::Closed(Box::new(report)),
                // The status holds the number of reports, by which the client sees what it missed.
                Err(broadcast::error::RecvError::Lagged(_)) => Event::Status,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            },
        }
    }

    async fn tell(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Answer(id, outcome) => self.reply(Some(id), outcome).await,
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
        let sent = self.writer.send(Bytes::from(write_message(message)));
        let sent = time::timeout(UNREAD_MAX, sent).await;
        sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

fn later(place: Place, task: impl Future<Output = Answer> + Send + 'static) -> Obeyed {
    Obeyed::Later(place, Box::pin(task))
}

fn thresholds(message: SetThresholds) -> Answer<Thresholds> {
    let thresholds = Thresholds::try_from(message);
    thresholds.map_err(|error| Problem::with_detail(ErrorCode::BadThresholds, error.to_string()))
}

/// The site that is meant. A refusal does not repeat it.
fn site(query: &SiteQuery) -> Result<Site, Problem> {
    let host = Some(query.site.as_str()).filter(|host| host.len() <= SITE_BYTES_MAX);
    let site = host.and_then(Site::of_host);
    site.ok_or_else(|| Problem::new(ErrorCode::BadSite))
}
