//! The interface of the daemon: one [`Request`] in, one [`Reply`] out, and notices about changes.
//!
//! It knows no transport. Native messages and the command line both use it; each client has its own
//! [`Api`].

mod admission;
mod circuit;
mod departures;
mod detached;
mod ledger;
mod pages;
mod settings;

use crate::{
    accounting::KeyOfChain,
    engine::{BooksCommand, Command, EngineHandle},
    ipc,
    pending::Responder,
    program,
};
pub(crate) use admission::{Admission, ClientEntry};
pub(crate) use departures::{Browser, Departed, Departures, Presence};
use detached::{Answer, Detached, Place, Task};
use futures_util::FutureExt as _;
use meter_core::{Thresholds, WitnessName};
use meter_relay::Site;
use meter_wire::{
    Bootstrap, ErrorCode, FromDaemon, Hello, Notice, Outcome, Problem, ProtocolRange, Reply,
    ReportsPage, ReportsQuery, Request, SITE_BYTES_MAX, SetThresholds, SiteQuery, Status, Success,
    TorState, TorTrouble, Witness, WitnessQuery, WitnessSeen, WitnessText,
};
pub(crate) use pages::Offers;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The name by which the extension introduces itself.
const EXTENSION: &str = "extension";

/// The requests and notices of one client.
pub(crate) struct Api {
    engine: EngineHandle,
    status: watch::Receiver<Status>,
    /// Set by `hello`: whether the client wants notices.
    greeted: Option<bool>,
    /// The last bootstrap step that was sent.
    bootstrap: Option<Bootstrap>,
    entry: ClientEntry,
    presence: Presence,
    offers: Offers,
    /// Set by `opens_pages`.
    offered: Option<watch::Receiver<u64>>,
    detached: Detached,
}

/// The result of a request that was not refused.
enum Handled {
    Now(Success),
    /// It has begun; [`Detached`] delivers its answer.
    Later(Place, Task),
}

impl Api {
    /// For a new client. `tasks` owns work that the client requested and does not wait for.
    pub(crate) fn new(
        engine: EngineHandle,
        entry: ClientEntry,
        presence: Presence,
        offers: Offers,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            status: engine.status(),
            greeted: None,
            bootstrap: None,
            entry,
            presence,
            offers,
            offered: None,
            detached: Detached::new(tasks),
            engine,
        }
    }

    /// Whether the client has said hello.
    pub(crate) const fn has_greeted(&self) -> bool {
        self.greeted.is_some()
    }

    /// Cancelled when the client must make room for another one.
    pub(crate) fn evicted(&self) -> CancellationToken {
        self.entry.evicted()
    }

    /// Takes a request. `None`: it has begun, and [`Self::next`] returns its reply.
    pub(crate) async fn ask(&mut self, id: u32, request: Request) -> Option<Reply> {
        match self.handle(request).await {
            Ok(Handled::Now(success)) => Some(reply(id, Ok(success))),
            Ok(Handled::Later(place, task)) => {
                self.detached.run(id, place, task);
                None
            }
            Err(problem) => Some(reply(id, Err(problem))),
        }
    }

    /// Waits for something to send: replies of long requests, and notices if the client wants them.
    /// A client that does not call this in time gets only the latest status. The number of reports
    /// in it shows the client which reports it lacks.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(crate) async fn next(&mut self) -> Vec<FromDaemon> {
        let wants_notices = self.greeted == Some(true);
        tokio::select! {
            (id, outcome) = self.detached.next() => vec![FromDaemon::Reply(reply(id, outcome))],
            Ok(()) = self.status.changed(), if wants_notices => self.status_now(),
            () = changed(&mut self.offered) => vec![FromDaemon::Notice(Notice::PageOffered)],
        }
    }

    /// The rest when the daemon ends: first the replies to requests under way, then the last
    /// status if it is new. `None` when there is nothing more.
    pub(crate) async fn rest(&mut self) -> Option<Vec<FromDaemon>> {
        if let Some((id, outcome)) = self.detached.rest().await {
            return Some(vec![FromDaemon::Reply(reply(id, outcome))]);
        }
        let wants_notices = self.greeted == Some(true);
        let is_new = matches!(self.status.changed().now_or_never(), Some(Ok(())));
        (wants_notices && is_new).then(|| self.status_now())
    }

    /// The status, after the bootstrap step that it contains.
    fn status_now(&mut self) -> Vec<FromDaemon> {
        let status = self.status.borrow_and_update().clone();
        let mut notices = Vec::with_capacity(2);
        notices.extend(self.new_step(&status).map(Notice::Bootstrap));
        notices.push(Notice::Status(Box::new(status)));
        notices.into_iter().map(FromDaemon::Notice).collect()
    }

    fn new_step(&mut self, status: &Status) -> Option<Bootstrap> {
        let TorState::Bootstrapping {
            percent,
            tag,
            summary,
            ..
        } = &status.tor.state
        else {
            self.bootstrap = None;
            return None;
        };
        let step = Bootstrap {
            percent: *percent,
            tag: tag.clone(),
            summary: summary.clone(),
        };
        let is_new = self.bootstrap.as_ref() != Some(&step);
        self.bootstrap = Some(step.clone());
        is_new.then_some(step)
    }

    /// Does what was requested. Work that may take seconds (Tor starts or ends, connections end, or
    /// Tor is asked) only begins here, in the order of the requests; other requests and notices
    /// continue meanwhile.
    async fn handle(&mut self, request: Request) -> Answer<Handled> {
        if self.greeted.is_none() && !matches!(request, Request::Hello(_)) {
            return Err(Problem::new(ErrorCode::HelloFirst));
        }
        let (engine, done) = (&self.engine, |()| Success::Done);
        let tor = engine.tor();
        let success = match request {
            Request::TorStart => {
                let place = self.detached.place()?;
                // A person who sees that Tor cannot be used may request another try.
                let trouble = engine.status().borrow().tor.trouble.clone();
                let start = tor.start(trouble.as_ref().is_some_and(TorTrouble::hinders));
                return Ok(later(place, async move { start.answer().await.map(done) }));
            }
            Request::TorStop => {
                let place = self.detached.place()?;
                let stop = tor.stop();
                return Ok(later(place, async move { stop.answer().await.map(done) }));
            }
            Request::TorAnew => {
                let place = self.detached.place()?;
                let start = tor.start_without_state();
                return Ok(later(place, async move { start.answer().await.map(done) }));
            }
            Request::TorUse(tor_use) => {
                let place = self.detached.place()?;
                let choose = tor.choose(tor_use.backend);
                return Ok(later(place, async move { choose.answer().await.map(done) }));
            }
            Request::MonitorStop => {
                let place = self.detached.place()?;
                let asked = engine.begin(Command::RelayStop).await?;
                return Ok(later(place, async move { asked.answer().await.map(done) }));
            }
            Request::Circuit(query) => {
                let (place, engine, site) = (self.detached.place()?, engine.clone(), site(&query)?);
                let ask =
                    async move { Ok(Success::Circuit(circuit::of_site(&engine, &site).await)) };
                return Ok(later(place, ask));
            }
            Request::Hello(hello) => self.greet(&hello).await?,
            // Asked here and not taken from the notices, so that it shows what this client has just
            // done.
            Request::Status => Success::Status(Box::new(engine.ask(Command::Status).await?)),
            Request::Reports(query) => Success::Reports(self.reports(&query).await?),
            Request::MonitorStart => done(engine.ask(Command::RelayStart).await?),
            Request::SetThresholds(message) => {
                let thresholds = thresholds(message)?;
                let ask = |answer| BooksCommand::SetThresholds(thresholds, answer);
                done(engine.ask_books(ask).await?)
            }
            Request::NewIdentity => done(engine.ask(Command::NewIdentity).await?),
            Request::NewCircuit(query) => {
                let site = site(&query)?;
                let ask = |answer| Command::NewCircuit(site, answer);
                done(engine.ask(ask).await?)
            }
            Request::RestoreReports(message) => {
                let ask = |answer| BooksCommand::RestoreReports(message.reports, answer);
                done(engine.ask_books(ask).await?)
            }
            Request::NewChain => done(engine.ask_books(begin(KeyOfChain::Same)).await?),
            Request::NewKey => done(engine.ask_books(begin(KeyOfChain::New)).await?),
            Request::Settings => Success::Settings(engine.ask(Command::Settings).await?),
            Request::Witness => Success::Witness(self.witness()?),
            Request::WitnessSeen(query) => Success::WitnessSeen(self.seen(&query)),
            Request::Traffic => Success::Traffic(self.engine.traffic()),
            Request::Ping => Success::Done,
            request => return self.rest_of(request).await,
        };
        Ok(Handled::Now(success))
    }

    /// The requests about the ledger and earlier chains, and changes of settings. Those that the
    /// ledger must answer, or that wait for the disk, only begin here.
    async fn rest_of(&mut self, request: Request) -> Answer<Handled> {
        let engine = &self.engine;
        let success = match request {
            Request::ChangeSetting(asked) => {
                let (place, engine) = (self.detached.place()?, engine.clone());
                return Ok(later(place, settings::change(engine, asked)));
            }
            Request::LedgerLeave => {
                engine.ask_books(BooksCommand::Leave).await?;
                Success::Done
            }
            Request::LedgerPolicy => {
                Success::LedgerPolicy(engine.ask_books(BooksCommand::LedgerPolicy).await?)
            }
            Request::LedgerSend => {
                engine.ask_books(BooksCommand::SendNow).await?;
                Success::Done
            }
            Request::Receipts(query) => {
                let (after, limit) = (query.after.0, query.limit);
                let ask = |answer| BooksCommand::Receipts {
                    after,
                    limit,
                    answer,
                };
                Success::Receipts(engine.ask_books(ask).await?)
            }
            Request::EarlierChains(query) => {
                let ask = |answer| BooksCommand::EarlierChains(query, answer);
                Success::EarlierChains(engine.ask_books(ask).await?)
            }
            Request::OpensPages => {
                self.presence.must_be_extension()?;
                self.offered = Some(self.offers.follow());
                Success::Done
            }
            Request::TakePage => {
                self.presence.must_be_extension()?;
                let place = self.detached.place()?;
                match self.offers.take() {
                    Some(page) => return Ok(later(place, pages::taken(page))),
                    None => Success::Done,
                }
            }
            Request::LedgerOpen => {
                let (place, engine) = (self.detached.place()?, engine.clone());
                return Ok(later(place, pages::open_login(self.offers.clone(), engine)));
            }
            request => {
                let (place, engine) = (self.detached.place()?, engine.clone());
                return Ok(later(place, ledger::ask(engine, request)));
            }
        };
        Ok(Handled::Now(success))
    }

    async fn reports(&self, query: &ReportsQuery) -> Answer<ReportsPage> {
        let (after, limit) = (query.after.0, query.limit);
        let ask = |answer| BooksCommand::Reports {
            after,
            limit,
            answer,
        };
        self.engine.ask_books(ask).await
    }

    /// A new name for the browser to request, which cannot be guessed.
    fn witness(&mut self) -> Result<Witness, Problem> {
        self.presence.wants_pages();
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
            let detail = ProtocolRange::nothing_in_common(ours, hello.protocol);
            let problem = Problem::with_detail(ErrorCode::UnsupportedProtocol, detail);
            return Err(problem.caused_by(ProtocolRange::older(ours, hello.protocol)));
        };
        if !self.entry.take_place(&hello.client.name) {
            return Err(Problem::new(ErrorCode::DaemonFull));
        }
        let mut reply = self.engine.ask(Command::Hello).await?;
        reply.protocol = protocol;
        match hello.client.name.as_str() {
            EXTENSION => {
                self.entry.note_extension(&hello.client.version);
                self.presence.note_extension();
            }
            ipc::COMMANDS => {
                let (extensions, engine) = (self.entry.extensions(), &self.engine);
                reply.parts = program::parts(extensions, engine.connections_active());
            }
            _ => {}
        }
        self.greeted = Some(hello.notices);
        Ok(Success::Hello(reply))
    }
}

/// Waits for the next offer of a page; for ever if this client opens none. Cancel safe.
async fn changed(offered: &mut Option<watch::Receiver<u64>>) {
    let is_offered = match offered {
        Some(offered) => offered.changed().await.is_ok(),
        None => false,
    };
    if !is_offered {
        std::future::pending::<()>().await;
    }
}

fn reply(id: u32, outcome: Answer) -> Reply {
    Reply {
        id: Some(id),
        outcome: match outcome {
            Ok(success) => Outcome::Ok(success),
            Err(problem) => Outcome::Error(problem),
        },
    }
}

fn begin(key: KeyOfChain) -> impl FnOnce(Responder<()>) -> BooksCommand {
    move |answer| BooksCommand::NewChain(key, answer)
}

fn later(place: Place, task: impl Future<Output = Answer> + Send + 'static) -> Handled {
    Handled::Later(place, Box::pin(task))
}

fn thresholds(message: SetThresholds) -> Answer<Thresholds> {
    let thresholds = Thresholds::try_from(message);
    thresholds.map_err(|error| Problem::with_detail(ErrorCode::BadThresholds, error.to_string()))
}

/// The site in the query. A refusal does not repeat it.
fn site(query: &SiteQuery) -> Result<Site, Problem> {
    let host = Some(query.site.as_str()).filter(|host| host.len() <= SITE_BYTES_MAX);
    let site = host.and_then(Site::of_host);
    site.ok_or_else(|| Problem::new(ErrorCode::BadSite))
}
