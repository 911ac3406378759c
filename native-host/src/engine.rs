//! The engine: one task that owns relay, Tor, key and book, and knows no transport.
//!
//! The data plane (relay) only counts; this control plane looks once a second. Nothing downstream
//! calls back up: clients send [`Command`]s and read the status.

mod house;
mod identity;
mod relay;
pub(crate) mod tor;

use crate::{clock::Clock, config::Config, home::Home, problems};
use house::House;
use meter_core::Thresholds;
use meter_relay::{Counters, Isolation};
use meter_wire::{
    ErrorCode, HelloReply, HexBytes, PROTOCOL, Problem, ReportsPage, Request, Status, WireReport,
};
use relay::RelayControl;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info};

const TICK: Duration = Duration::from_secs(1);
/// Requests of all clients together that wait for the engine.
const COMMANDS_MAX: usize = 64;
/// Closed sessions that a slow client may lag behind before it has to ask for reports.
const CLOSED_MAX: usize = 64;

type Answer<T> = oneshot::Sender<Result<T, Problem>>;

/// What can be asked of the engine.
pub(crate) enum Command {
    Hello(Answer<HelloReply>),
    Status(Answer<Status>),
    Reports {
        after: u64,
        limit: u16,
        answer: Answer<ReportsPage>,
    },
    SetThresholds(Thresholds, Answer<()>),
    MonitorStart(Answer<()>),
    MonitorStop(Answer<()>),
    NewIdentity(Answer<()>),
}

/// The engine's face: cheap to clone, one per client.
#[derive(Clone)]
pub(crate) struct EngineHandle {
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<Status>,
    closed: broadcast::Sender<WireReport>,
    counters: Arc<Counters>,
    tor: meter_tor::Tor,
}

impl EngineHandle {
    /// Asks and waits for the answer.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, Problem> {
        let (answer, reply) = oneshot::channel();
        self.commands
            .send(command(answer))
            .await
            .map_err(|_| problems::shutting_down())?;
        reply.await.map_err(|_| problems::shutting_down())?
    }

    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    pub(crate) fn closed_sessions(&self) -> broadcast::Receiver<WireReport> {
        self.closed.subscribe()
    }

    /// Connections that the relay serves right now.
    pub(crate) fn connections_active(&self) -> u64 {
        self.counters.snapshot().active
    }

    pub(crate) const fn tor(&self) -> &meter_tor::Tor {
        &self.tor
    }
}

pub(crate) struct Engine {
    home: Home,
    clock: Clock,
    thresholds: Thresholds,
    /// What is missing when there is no house: the relay stays closed then.
    house: Result<House, Problem>,
    relay: RelayControl,
    isolation: Isolation,
    tor: meter_tor::Tor,
    tor_stop: CancellationToken,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    closed: broadcast::Sender<WireReport>,
}

impl Engine {
    /// Opens key and book. A problem with them does not end the daemon: clients are told, and
    /// `monitor_start` tries again.
    ///
    /// # Errors
    /// The system has no random bytes to make an identity of.
    pub(crate) fn new(
        home: &Home,
        config: &Config,
        tracker: &TaskTracker,
    ) -> io::Result<(Self, EngineHandle)> {
        let isolation = Isolation::new(identity::secret()?);
        let counters = Arc::new(Counters::default());
        let tor_stop = CancellationToken::new();
        let tor = tor::launch(home, config, tracker, tor_stop.clone());
        let (command_sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (closed, _) = broadcast::channel(CLOSED_MAX);
        let relay = RelayControl::new(
            config,
            tor.upstream(),
            Arc::clone(&counters),
            isolation.clone(),
        );
        let house = House::open(home, config.thresholds);
        if let Err(problem) = &house {
            error!(code = ?problem.code, detail = problem.detail, "cannot work");
        }
        let initial = snapshot(&house, &relay, &tor, config.thresholds);
        let (status, status_receiver) = watch::channel(initial);
        let handle = EngineHandle {
            commands: command_sender,
            status: status_receiver,
            closed: closed.clone(),
            counters,
            tor: tor.clone(),
        };
        let clock = Clock::new();
        let (home, thresholds) = (home.clone(), config.thresholds);
        Ok((
            Self {
                home,
                clock,
                thresholds,
                house,
                relay,
                isolation,
                tor,
                tor_stop,
                commands,
                status,
                closed,
            },
            handle,
        ))
    }

    /// Works until `stop`, then stops relay and Tor and keeps the open session.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut tor_status = self.tor.status();
        self.start_monitor();
        self.publish();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => self.tick(),
                Some(command) = self.commands.recv() => self.obey(command).await,
                Ok(()) = tor_status.changed() => {}
                problem = self.relay.ended() => error!(?problem, "relay ended"),
            }
            self.publish();
        }
        self.stop_relay().await;
        if let Err(problem) = self.tor.stop().await {
            info!(%problem, "tor was not stopped");
        }
        self.tor_stop.cancel();
    }

    /// Goes on looking once a second while connections drain: a kill in between must not cost more
    /// than at any other time.
    async fn stop_relay(&mut self) {
        let mut ticks = tokio::time::interval(TICK);
        if let Some(mut draining) = self.relay.stop() {
            loop {
                tokio::select! {
                    _ = &mut draining => break,
                    _ = ticks.tick() => self.tick(),
                }
            }
        }
        self.tick();
    }

    fn tick(&mut self) {
        let Ok(house) = &mut self.house else { return };
        let counted = self.relay.counted();
        let (now, wall) = (self.clock.monotonic(), Clock::wall());
        // SQLite waits for the disk; the other worker thread goes on serving meanwhile.
        let closed =
            tokio::task::block_in_place(|| house.tick(now, wall, counted, self.relay.is_running()));
        if let Some(report) = closed {
            // Nobody listening is not an error: the book has it.
            crate::ignore_because("no client is attached", self.closed.send(report));
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Hello(answer) => reply(answer, Ok(self.hello())),
            Command::Status(answer) => reply(answer, Ok(self.snapshot())),
            Command::Reports {
                after,
                limit,
                answer,
            } => {
                let page =
                    self.house.as_ref().map_err(Clone::clone).and_then(|house| {
                        tokio::task::block_in_place(|| house.reports(after, limit))
                    });
                reply(answer, page);
            }
            Command::SetThresholds(thresholds, answer) => {
                self.thresholds = thresholds;
                if let Ok(house) = &mut self.house {
                    house.set_thresholds(thresholds);
                }
                reply(answer, Ok(()));
            }
            Command::MonitorStart(answer) => reply(answer, self.monitor_start()),
            Command::MonitorStop(answer) => {
                self.stop_relay().await;
                info!("relay stopped");
                reply(answer, Ok(()));
            }
            Command::NewIdentity(answer) => reply(answer, self.renew_identity()),
        }
    }

    /// Tries again what failed before, with the configuration as it is now: the remedy for a taken
    /// port is another one in `config.toml`.
    fn monitor_start(&mut self) -> Result<(), Problem> {
        let config = Config::load(&self.home.config()).map_err(|error| problems::config(&error))?;
        self.relay.configure(&config);
        if self.house.is_err() {
            self.house = House::open(&self.home, self.thresholds);
        }
        self.start_monitor();
        match (&self.house, self.relay.problem()) {
            (Err(problem), _) | (_, Some(problem)) => Err(problem.clone()),
            (Ok(_), None) => Ok(()),
        }
    }

    /// Without a house there is nobody to keep what the relay would count.
    fn start_monitor(&mut self) {
        if self.house.is_err() {
            return;
        }
        match self.relay.start() {
            Ok(port) => info!(port, "relay ready"),
            Err(problem) => error!(code = ?problem.code, detail = problem.detail, "no relay"),
        }
        tor::start_in_background(&self.tor, self.relay.tracker());
    }

    fn renew_identity(&self) -> Result<(), Problem> {
        let secret = identity::secret()
            .map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))?;
        self.isolation.renew(secret);
        self.tor.new_identity();
        info!("new identity");
        Ok(())
    }

    fn hello(&self) -> HelloReply {
        let head = self.house.as_ref().ok().map(House::head);
        HelloReply {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Request::NAMES.map(str::to_owned).to_vec(),
            key: head.map(|head| HexBytes(head.key.0)),
            chain: head.map(|head| HexBytes(head.chain.0)),
        }
    }

    fn snapshot(&self) -> Status {
        snapshot(&self.house, &self.relay, &self.tor, self.thresholds)
    }

    fn publish(&self) {
        let next = self.snapshot();
        self.status.send_if_modified(|status| {
            let changed = *status != next;
            if changed {
                *status = next;
            }
            changed
        });
    }
}

fn reply<T>(answer: Answer<T>, result: Result<T, Problem>) {
    // A client that left before its answer needs none.
    drop(answer.send(result));
}

fn snapshot(
    house: &Result<House, Problem>,
    relay: &RelayControl,
    tor: &meter_tor::Tor,
    thresholds: Thresholds,
) -> Status {
    let working = house.as_ref().ok();
    Status {
        relay: relay.status(),
        tor: tor::status(&tor.status().borrow()),
        session: working.and_then(House::session),
        balance: working.map_or_else(Default::default, House::balance),
        reports: working.map_or_else(Default::default, House::report_count),
        thresholds: (&thresholds).into(),
        problem: match house {
            Ok(house) => house.problem().cloned(),
            Err(problem) => Some(problem.clone()),
        },
    }
}
